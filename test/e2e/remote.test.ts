// probectl run against a real daemon, on this machine and through a real sshd.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { DPIDR, isRefused, portOf, readDpidr } from '../support/forwarded-port.js';
import { haveEnded } from '../support/have-ended.js';
import { ProbectlProcess } from '../support/probectl-process.js';
import { requireSshd, SshServer } from '../support/ssh-server.js';
import { TestClient } from '../support/test-client.js';

/** A command that says on which port it finds the probe, and goes on until it is told something. */
const waiting = ['sh', '-c', 'echo port={port}; read -r code; exit "$code"'];

describe('probectl run', function () {
  this.timeout(120_000);
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await DaemonProcess.serving(2);
  });
  after(() => daemon[Symbol.asyncDispose]());
  const run = (...args: string[]): ProbectlProcess => new ProbectlProcess(daemon.folder, ['run', ...args]);

  it('gives the command a port with the probe, passes its input and exit code, and closes the port behind it', async () => {
    const probectl = run('SIM0001', '--', ...waiting);
    const port = await portOf(probectl, /port=(\d+)/);
    assert.equal(await readDpidr(port), DPIDR);

    probectl.type('7\n');

    assert.equal((await probectl.ended).code, 7);
    assert(await isRefused(port));
  });

  it('tells the command of the probe by variables, whatever those of another run around it', async () => {
    const script = 'echo port=$PROBED_PORT uid=$PROBED_UID target=${PROBED_TARGET-none}; read -r code; exit "$code"';
    const more = { PROBED_PORT: '1', PROBED_UID: 'OTHER', PROBED_TARGET: 'other' };
    const probectl = new ProbectlProcess(daemon.folder, ['run', 'sim0001', '--', 'sh', '-c', script], { more });
    const [, port] = await probectl.matched(/port=(\d+) uid=SIM0001 target=none/);

    assert.equal(await readDpidr(Number(port)), DPIDR);

    probectl.type('0\n');
    assert.deepEqual(await probectl.ended.then(({ code, stderr }) => [code, stderr]), [0, '']);
  });

  it('says so, once, where pyocd is somewhere in the command and is not told', async () => {
    const { code, stderr } = await run('SIM0001', '--', 'sh', '-c', 'exit 5 # pyocd flash').ended;

    assert.equal(code, 5);
    assert.match(stderr, /^probectl: run: pyocd does not see the probe here, .* write "remote:localhost:{port}".*\n$/);
  });

  it('ends as a shell would for a command that is not there, or that a signal ends', async () => {
    const missing = await run('SIM0001', '--', 'no-such-command').ended;
    assert.deepEqual([missing.code, missing.stderr], [127, 'probectl: there is no command no-such-command\n']);
    const behindFile = await run('SIM0001', '--', '/etc/passwd/x').ended;
    assert.deepEqual([behindFile.code, behindFile.stderr], [127, 'probectl: there is no command /etc/passwd/x\n']);
    const empty = await run('SIM0001', '--', '').ended;
    assert.deepEqual([empty.code, empty.stderr], [127, 'probectl: the command is an empty word\n']);
    assert.equal((await run('SIM0001', '--', '/etc').ended).code, 126);
    assert.equal((await run('SIM0001', '--', 'sh', '-c', 'kill -TERM $$').ended).code, 128 + 15);
    assert.equal((await run('SIM0001', '--', 'true').ended).code, 0);
  });

  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    it(`passes ${signal} on to the command, and ends with it`, async () => {
      const probectl = run(
        'SIM0001',
        '--',
        'sh',
        '-c',
        `trap 'echo got; exit ${number}' INT TERM; echo port={port}; while :; do sleep 0.05; done`,
      );
      const port = await portOf(probectl, /port=(\d+)/);

      probectl.kill(signal);

      const { code, stdout } = await probectl.ended;
      assert.equal(code, number);
      assert.match(stdout, /got/);
      assert(await isRefused(port));
    });
  }

  it('leaves no command and no port behind when it is killed', async () => {
    const probectl = run('SIM0001', '--', 'sh', '-c', 'echo pid=$$ port={port}; read -r never');
    const [, pid, port] = await probectl.matched(/pid=(\d+) port=(\d+)/);

    probectl.kill('SIGKILL');

    await haveEnded([Number(pid)]);
    assert(await isRefused(Number(port)));
  });

  it('names the nearest for an unknown uid, and all for an ambiguous one', async () => {
    const unknown = await run('SIM0003', '--', 'true').ended;
    const ambiguous = await run('SIM', '--', 'true').ended;

    assert.deepEqual(
      [unknown.code, unknown.stderr],
      [4, 'probectl: no probe is called "SIM0003": did you mean SIM0001 or SIM0002?\n'],
    );
    assert.equal(ambiguous.code, 4);
    assert.match(ambiguous.stderr, /^probectl: "SIM" could be any of 2 probes: SIM000[12], SIM000[12]\n$/);
  });

  it('waits for a probe that is not there as long as it is told', async () => {
    const { code, stderr } = await run('--wait=1s', 'SIM0009', '--', 'true').ended;

    assert.equal(code, 1);
    assert.match(stderr, /waited in vain: no probe is called "SIM0009"/);
  });
});

describe('probectl over ssh', function () {
  this.timeout(120_000);
  let sshd: SshServer;
  const disposer = new Disposer();
  before(async function () {
    requireSshd(this);
    const { folder } = disposer.use(await DaemonProcess.serving(1));
    sshd = disposer.use(await SshServer.start(folder));
  });
  after(() => disposer[Symbol.asyncDispose]());
  /** A user's probectl: on a machine without a daemon. */
  const probectl = (...args: string[]): ProbectlProcess => new ProbectlProcess(sshd.folder, args, { more: sshd.env });

  it('shows the probes of the host, and how to use them from here', async () => {
    const { code, stdout } = await probectl('--host', 'ssh://lab', 'list').ended;

    assert.equal(code, 0);
    assert.match(stdout, /^SIM0001 +- +probectl run --host ssh:\/\/lab SIM0001 -- pyocd cmd$/m);
  });

  it('runs a command with a probe of the host', async () => {
    const running = probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...waiting);
    const port = await portOf(running, /port=(\d+)/);

    assert.equal(await readDpidr(port), DPIDR);

    assert.equal(sshd.asked.at(-1), 'dial-stdio'); // asked where the probe is, and connected by sshd itself
    running.type('0\n');
    assert.equal((await running.ended).code, 0);
  });

  for (const [name, signals, command] of [
    ['run', ['SIGINT', 'SIGKILL'], ['--', 'sh', '-c', 'echo port={port}; read -r never']],
    ['forward', ['SIGTERM', 'SIGKILL'], []],
  ] as const) {
    for (const signal of signals) {
      it(`leaves no process and no port behind when ${name} gets ${signal}, here and there`, async () => {
        const running = probectl(name, '--host', 'ssh://lab', 'SIM0001', ...command);
        const port = await portOf(running, /(?:port=|localhost:)(\d+)/);
        await using client = await TestClient.connect(port);
        await client.result('open');
        const processes = [...running.descendants, ...sshd.connections];
        assert(processes.length >= 3, 'ssh, and sshd twice');

        running.kill(signal);

        await running.ended;
        await haveEnded(processes);
        assert(await isRefused(port));
        assert.match(await client.end(), /^(ECONNRESET|closed)$/);
        assert.deepEqual(sshd.connections, []);
      });
    }
  }

  it('waits for its turn with a probe of the host', async () => {
    const reserve = ['reserve', 'SIM0001', '--for', '10m', '--as', 'addr:192.0.2.1'];
    await probectl('--host', 'ssh://lab', ...reserve).ended;
    const running = probectl('run', '--host', 'ssh://lab', '--wait', 'SIM0001', '--', ...waiting);
    await running.said(/waiting: probe SIM0001 is reserved for addr:192\.0\.2\.1/);

    await probectl('--host', 'ssh://lab', 'release', 'SIM0001').ended;

    assert.equal(await readDpidr(await portOf(running, /port=(\d+)/)), DPIDR);
    running.type('0\n');
    assert.equal((await running.ended).code, 0);
  });

  it('says in one line what to do when ssh fails', async () => {
    const noHost = await probectl('--host', 'ssh://no-such-host.invalid', 'list').ended;
    assert.equal(noHost.code, 3);
    assert.match(
      noHost.stderr,
      /^probectl: ssh: Could not resolve hostname .*: make "ssh no-such-host\.invalid" work first\n$/,
    );

    const noSsh = await new ProbectlProcess(sshd.folder, ['--host', 'ssh://lab', 'list'], {
      more: { PATH: '/nowhere' },
    }).ended;
    assert.deepEqual(
      [noSsh.code, noSsh.stderr],
      [3, "probectl: there is no ssh on this machine: install OpenSSH's client\n"],
    );

    const noProbe = await probectl('run', '--host', 'ssh://lab', 'SIM0007', '--', 'true').ended;
    assert.deepEqual(
      [noProbe.code, noProbe.stderr],
      [4, 'probectl: no probe is called "SIM0007": did you mean SIM0001?\n'],
    );
  });

  it('does without the forwarding of sshd where that is forbidden', async () => {
    sshd.restrictKey('restrict');
    const running = probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...waiting);
    const port = await portOf(running, /port=(\d+)/);

    assert.equal(await readDpidr(port), DPIDR);

    assert.equal(sshd.asked.at(-1), 'dial-stdio --probe SIM0001');
    running.type('0\n');
    assert.equal((await running.ended).code, 0);
  });

  it('works with the key of docs/security.md that is good for nothing else', async () => {
    const page = readFileSync(path.join(import.meta.dirname, '../../docs/security.md'), 'utf8');
    const [, options = ''] = /^(restrict,command=".*") ssh-ed25519/m.exec(page) ?? [];
    sshd.restrictKey(options);

    const listed = await probectl('--host', 'ssh://lab', 'list').ended;
    const running = probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...waiting);
    const value = await readDpidr(await portOf(running, /port=(\d+)/));

    assert.match(listed.stdout, /^SIM0001 /m);
    assert.equal(value, DPIDR);
    running.type('0\n');
    assert.equal((await running.ended).code, 0);
    for (const command of ['sh', 'probectl kick SIM0001', 'probectl dial-stdio --socket /x', 'x dial-stdio; id']) {
      const { status, stdout, stderr } = spawnSync('ssh', ['lab', command], { env: sshd.env, encoding: 'utf8' });
      assert.deepEqual([status, stdout, stderr], [1, '', 'this key is for probectl only\n'], command);
    }
  });

  it('says what to install where the host has another version', async () => {
    /** What a user reads of a probectl there that is something else. */
    const listWith = async (line: string): Promise<unknown> => {
      sshd.replaceProbectl(line);
      const { code, stderr } = await probectl('--host', 'ssh://lab', 'list').ended;
      return [code, stderr];
    };
    /** A daemon that answers every request so. */
    const answering = (answer: object): string => {
      const program =
        'process.stdin.on(\'data\', (text) => { for (const [, id] of String(text).matchAll(/"id":(\\d+)/g))' +
        ' process.stdout.write(JSON.stringify({ type: "reply", data: { id: Number(id), ...JSON.parse(process.argv[1]) } }) + "\\f"); })';
      return `exec ${process.execPath} -e '${program.replaceAll("'", `'\\''`)}' '${JSON.stringify(answer)}'`;
    };
    const message =
      'the daemon speaks version 2 of the control protocol, not 1: install probed and probectl of the same version';

    assert.deepEqual(await listWith("echo 'probectl: Unknown argument: dial-stdio: see probectl --help' >&2; exit 2"), [
      3,
      'probectl: probectl on lab is too old for --host: install the version of this one there\n',
    ]);
    assert.deepEqual(await listWith(answering({ error: { code: 'refused', message } })), [1, `probectl: ${message}\n`]);
    assert.deepEqual(await listWith(answering({ result: { probes: 'of a later version' } })), [
      1,
      "probectl: the daemon's answer to list is not understood: install probed and probectl of the same version\n",
    ]);
    assert.deepEqual(await listWith('exit 127'), [
      3,
      'probectl: there is no probectl on lab: install probed there, or name it in the config\n',
    ]);
  });

  it('says so where something else of the host talks before probectl does', async () => {
    sshd.replaceProbectl("echo 'Welcome to lab'; exec sleep 20");

    const { code, stderr } = await probectl('--host', 'ssh://lab', 'list').ended;

    assert.deepEqual(
      [code, stderr],
      [
        3,
        'probectl: "ssh lab" says "Welcome to lab" where probectl should answer: let its start-up files print nothing\n',
      ],
    );
  });

  it('leaves no ssh behind that waits for a host when it is killed', async () => {
    sshd.replaceProbectl('exec sleep 20');
    const before = sshd.logins;
    const running = probectl('--host', 'ssh://lab', 'list');
    while (sshd.logins === before) await new Promise((resolve) => setImmediate(resolve));
    const processes = running.descendants;
    assert(processes.length > 0);

    running.kill('SIGKILL');

    await haveEnded(processes);
  });

  it('refuses a host whose key has changed, and says so', async () => {
    sshd.changeHostKey();
    await sshd.stop();
    await sshd.restart();

    const { code, stderr } = await probectl('--host', 'ssh://lab', 'list').ended;

    assert.equal(code, 3);
    assert.match(stderr, /^probectl: Host key verification failed\.: make "ssh lab" work first\n$/);
  });
});
