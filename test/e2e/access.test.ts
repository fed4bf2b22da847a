import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import { ProbectlProcess, runProbectl } from '../support/probectl-process.js';
import { type Reply, TestClient } from '../support/test-client.js';

/** Sends `open`, prints the reply, and ends. */
const program = `
  const socket = require('node:net').connect(Number(process.argv[1]), '127.0.0.1');
  socket.write('{"id": 1, "request": "open"}\\n');
  socket.once('data', (data) => { process.stdout.write(data); socket.destroy(); });
`;

/** What another user of this machine is answered. */
async function openAs(uid: number, port: number): Promise<Reply> {
  const client = spawn('/usr/bin/env', ['node', '-e', program, String(port)], { uid, gid: 65_534, cwd: '/' });
  let reply = '';
  client.stdout.on('data', (data) => (reply += String(data)));
  client.stderr.pipe(process.stderr);
  await once(client, 'close');
  return JSON.parse(reply) as Reply;
}

/** Clients of other users take root to make. */
function requireRoot(test: Mocha.Context): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) return;
  console.log('clients of other users: NOT RUN (they take root on Linux)');
  test.skip();
}

describe('a daemon with users, modes and reservations', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  const file = path.join(folder, 'probed.toml');
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Ports that the system chooses, and a state that is kept. */
  function writeConfig(more: string): void {
    const state = `[state]\ndirectory = ${JSON.stringify(path.join(folder, 'state'))}\n`;
    writeFileSync(file, `[listen]\nfirst_port = 0\n${state}${more}[[simulate]]\ncount = 1\n`);
  }

  async function start(more = ''): Promise<DaemonProcess> {
    writeConfig(more);
    const daemon = DaemonProcess.spawn(['--config', file], folder);
    await daemon.printed(1);
    return daemon;
  }

  async function show(): Promise<string> {
    return (await runProbectl(folder, 'show', 'SIM0001')).stdout;
  }

  it('knows local clients by their user, over both families', async function () {
    requireRoot(this);
    await using daemon = await start();
    const [port] = daemon.ports;
    const clients = [await TestClient.connect(port), await TestClient.connect(port, '::1')];
    for (const client of clients) await client.result('open');

    assert.equal((await show()).match(/user:root/g)?.length, 2);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  it('lets in the members of access.local_group, and tells others why not', async function () {
    requireRoot(this);
    await using daemon = await start('[access]\nlocal_group = "daemon"\n');
    const [port] = daemon.ports;

    assert.equal((await openAs(1, port)).status, 0); // user daemon, whose own group it is
    const { status, error } = await openAs(2, port);

    assert.equal(status, 1);
    assert.match(error ?? '', /^probes of this machine are for group daemon .* and user:bin is not in it$/);
    await using root = await TestClient.connect(port);
    await root.result('open');
  });

  it('drops a user who is in, when a reload gives the probes to another group, and nobody else', async function () {
    requireRoot(this);
    await using daemon = await start('[access]\nlocal_group = "daemon"\n');
    const [port] = daemon.ports;
    const holding = `const s = require('node:net').connect(${port}, '127.0.0.1'); s.write('{"id": 1, "request": "open"}\\n');
      s.on('data', () => process.stdout.write('in')); s.on('error', ({ code }) => { console.log(code); process.exit(); });`;
    const user = spawn('/usr/bin/env', ['node', '-e', holding], { uid: 1, gid: 65_534, cwd: '/' });
    let printed = '';
    user.stdout.on('data', (data) => (printed += String(data)));
    await once(user.stdout, 'data');
    const ended = once(user, 'close');
    await using root = await TestClient.connect(port);
    await root.result('open');

    writeConfig('[access]\nlocal_group = "bin"\n');
    const { code, stdout } = await runProbectl(folder, 'reload');

    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'changed settings: access.local_group\n' });
    await ended;
    assert.equal(printed, 'inECONNRESET\n');
    await root.result('open');
    const events = new ProbectlProcess(folder, ['events', '--since', '0']);
    await events.printed('dropped uid=SIM0001 client=1 ');
    await events.interrupt();
  });

  it('says at a reload, and until it is mended, that the system does not know the group', async function () {
    if (process.platform !== 'linux') this.skip();
    await using daemon = await start();
    const said = /^! the system knows no group labb \(access\.local_group\): .*"sudo groupadd labb"/m;

    writeConfig('[access]\nlocal_group = "labb"\n');
    const reload = await runProbectl(folder, 'reload');
    const status = await runProbectl(folder, 'status');
    writeConfig('');
    await runProbectl(folder, 'reload');

    assert.equal(reload.code, 0);
    assert.match(reload.stdout, said);
    assert.match(status.stdout, said);
    assert.doesNotMatch((await runProbectl(folder, 'status')).stdout, said);
    await daemon.logged('the group of access.local_group is unknown: nobody but root gets in group=labb');
  });

  it('says so, too, when the config is checked, which is right all the same', async function () {
    if (process.platform !== 'linux') this.skip();
    writeConfig('[access]\nlocal_group = "labb"\n');

    await using checked = DaemonProcess.spawn(['--config', file, '--check-config'], folder);

    assert.deepEqual(await checked.exit, { code: 0, signal: null });
    assert.deepEqual(checked.lines, [`${file}: nothing is wrong with the config`]);
    assert.match(checked.stderr, /^probed: on this machine: the system knows no group labb /);
  });

  it('lets in the next of a queue within a second when the holder is killed with the lock', async () => {
    await using daemon = await start('[[probe]]\nuid = "SIM0001"\nsharing = "queue"\n');
    const [port] = daemon.ports;
    const lines = '{"id": 1, "request": "open"}\n{"id": 2, "request": "lock"}\n';
    const holding = `const s = require('node:net').connect(${port}, '127.0.0.1'); s.write(${JSON.stringify(lines)});
      let n = 0; s.on('data', (d) => (n += String(d).split('\\n').length - 1) === 2 && process.stdout.write('held'));`;
    const holder = spawn(process.execPath, ['-e', holding]);
    await once(holder.stdout, 'data');
    await using next = await TestClient.connect(port);
    const open = next.request('open');
    await next.bytesSent();

    holder.kill('SIGKILL');
    const killed = performance.now();

    assert.equal((await open).status, 0);
    await next.result('lock');
    const took = performance.now() - killed;
    assert.ok(took < 1000, `took ${took} ms`);
  });

  it('takes out of a queue who has left, and not who only sends no more', async () => {
    await using daemon = await start('[[probe]]\nuid = "SIM0001"\nsharing = "queue"\n');
    const [port] = daemon.ports;
    await using holder = await TestClient.connect(port);
    await holder.result('open');
    await using reader = await TestClient.connect(port);
    const open = reader.request('open');
    reader.socket.end();
    await daemon.logged('waits for its turn uid=SIM0001 client=2 ahead=0');
    const leaver = await TestClient.connect(port);
    leaver.request('open').catch(() => undefined); // nobody is there for the answer
    await daemon.logged('waits for its turn uid=SIM0001 client=3 ahead=1');

    leaver.socket.destroy(); // FIN, as of a client that was killed

    await daemon.logged('client disconnected uid=SIM0001 client=3');
    await holder.result('close');
    assert.equal((await open).status, 0);
  });

  it('keeps a reservation over kill and restart, and names who asked for it and who ended it', async function () {
    requireRoot(this);
    {
      await using first = await start();
      const mistyped = await runProbectl(folder, 'reserve', 'SIM', '--for', '10m', '--as', 'user:no-such-user');
      assert.match(mistyped.stderr, /^probectl: this machine knows no user "no-such-user"; .* --as addr:ADDRESS\n$/);
      assert.equal(mistyped.code, 1);
      const reserved = await runProbectl(
        folder,
        'reserve',
        'SIM',
        '--for',
        '10m',
        '--as',
        'user:nobody',
        '--reason',
        'tests',
      );
      assert.match(reserved.stdout, /^SIM0001 is reserved for user:nobody until \S+Z, (9|10)m from now: tests\n$/);
      await first.stop('SIGKILL');
    }
    await using daemon = await start();
    await using client = await TestClient.connect(daemon.ports[0]);

    assert.match((await client.request('open')).error ?? '', /^probe SIM0001 is reserved for user:nobody until/);
    assert.match(await show(), /reserved {2}for user:nobody until/);
    assert.equal((await runProbectl(folder, 'release', 'SIM0001')).code, 0);
    await client.result('open');
    const events = new ProbectlProcess(folder, ['events', '--since', '0']);
    await events.printed('released uid=SIM0001 principal=user:nobody by=user:root');
    await events.interrupt();
  });

  it('reserves for the user who asks, where nobody else is named', async function () {
    requireRoot(this);
    await using daemon = await start();

    const { stdout } = await runProbectl(folder, 'reserve', 'SIM0001', '--for', '1h', '--json');

    const { result } = JSON.parse(stdout) as { result: { reservation: { principal: string } } };
    assert.equal(result.reservation.principal, 'user:root');
    await using client = await TestClient.connect(daemon.ports[0]);
    await client.result('open');
    await runProbectl(folder, 'release', 'SIM0001');
  });
});
