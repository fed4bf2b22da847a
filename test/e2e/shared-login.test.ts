// One login for all that `run` and `forward` do on a host, through a real sshd.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { DPIDR, openInSwd, portOf, readDpidr } from '../support/forwarded-port.js';
import { haveEnded } from '../support/have-ended.js';
import { ProbectlProcess } from '../support/probectl-process.js';
import { requireSshd, SshServer } from '../support/ssh-server.js';
import { TestClient } from '../support/test-client.js';

/** A command that Ctrl-C does not end, as a debugger. */
const debuggerLike = [
  'sh',
  '-c',
  'trap "echo interrupted" INT QUIT; echo port={port}; while ! read -r code; do :; done; exit "$code"',
];

describe('probectl over ssh, logged in once', function () {
  this.timeout(120_000);
  let sshd: SshServer;
  let daemon: DaemonProcess;
  const disposer = new Disposer();
  before(async function () {
    requireSshd(this);
    const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
    disposer.defer(() => rmSync(folder, { recursive: true, force: true }));
    const config = path.join(folder, 'probed.toml');
    writeFileSync(config, '[[simulate]]\ncount = 2\n[[probe]]\nuid = "SIM0002"\nsharing = "queue"\n');
    daemon = disposer.use(DaemonProcess.spawn(['--config', config, '--port', '0'], folder));
    await daemon.printed(2);
    sshd = disposer.use(await SshServer.start(folder));
  });
  after(() => disposer[Symbol.asyncDispose]());
  const probectl = (...args: string[]): ProbectlProcess =>
    new ProbectlProcess(sshd.folder, args, { more: { ...sshd.env, XDG_RUNTIME_DIR: sshd.folder }, isGroup: true });
  /** Sockets that ssh has made for others of its kind. */
  const sockets = (): readonly string[] => readdirSync(sshd.folder).filter((name) => name.startsWith('probectl-'));

  it('is enough for run, and for every client of it', async () => {
    const before = sshd.logins;
    const running = probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...debuggerLike);
    const port = await portOf(running, /port=(\d+)/);

    for (let i = 0; i < 5; i++) assert.equal(await readDpidr(port), DPIDR);

    assert.equal(sshd.logins - before, 1);
    running.type('0\n');
    assert.equal((await running.ended).code, 0);
    assert.deepEqual(sockets(), []);
  });

  it('is enough for forward, with 20 clients at once', async () => {
    const before = sshd.logins;
    const forwarding = probectl('forward', '--host', 'ssh://lab', 'SIM0001');
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);

    const values = await Promise.all(Array.from({ length: 20 }, () => readDpidr(port)));

    assert.deepEqual(values, Array(20).fill(DPIDR));
    assert.equal(sshd.logins - before, 1);
    await forwarding.interrupt();
    assert.deepEqual(sockets(), []);
  });

  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    it(`outlives ${signal} of a terminal that is for the command, as in a debugger`, async () => {
      const running = probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...debuggerLike);
      await using client = await TestClient.connect(await portOf(running, /port=(\d+)/));
      await openInSwd(client);

      running.killGroup(signal);

      await running.matched(/interrupted/);
      assert.equal(await client.result('read_dp', 0), DPIDR);
      running.type('0\n');
      assert.equal((await running.ended).code, 0);
    });
  }

  it('gets a read back at once that was sent behind a write', async () => {
    const ROUNDS = 100;
    const forwarding = probectl('forward', '--host', 'ssh://lab', 'SIM0001');
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await using client = await TestClient.connect(port);
    await openInSwd(client);

    const timeOf = async (rounds: () => Promise<void>): Promise<number> => {
      const startedAt = performance.now();
      for (let i = 0; i < ROUNDS; i++) await rounds();
      return performance.now() - startedAt;
    };

    const alone = await timeOf(async () => {
      await client.result('read_dp', 4);
    });
    const behind = await timeOf(async () => {
      await client.result('write_dp', 8, 0);
      await client.result('read_dp', 4);
    });

    // Held back, a reply waits for the acknowledgement of the one before it, which tcp(7) delays by up to 40 ms.
    assert(behind < alone + (ROUNDS * 40) / 4, `${behind} ms, and ${alone} ms alone`);
    await forwarding.interrupt();
  });

  it('is tried anew when the link is dead and does not say so', async () => {
    const forwarding = probectl('forward', '--host', 'ssh://lab', 'SIM0001');
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await forwarding.printed(': ready');
    const dead = sshd.connections;
    for (const pid of dead) process.kill(pid, 'SIGSTOP');

    await forwarding.printed('not reachable, trying again: '); // after 20 s

    assert.equal(await readDpidr(port), DPIDR);
    await forwarding.interrupt();
    for (const pid of dead) process.kill(pid, 'SIGKILL');
  });

  it('stays when the program at the other end ends, for those who go through it', async () => {
    const forwarding = probectl('forward', '--host', 'ssh://lab', 'SIM0001');
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await using client = await TestClient.connect(port);
    await openInSwd(client);
    await forwarding.printed(': in-use');
    const before = sshd.logins;

    for (const pid of sshd.connections.filter(runsDialStdio)) process.kill(pid);
    await forwarding.printed('not reachable, trying again: ');

    assert.equal(await client.result('read_dp', 0), DPIDR);
    assert.equal(await readDpidr(port), DPIDR);
    assert.equal(sshd.logins, before);
    await forwarding.interrupt();
  });

  it('leaves nothing behind when probectl is killed while it waits in a queue', async () => {
    await using holder = await TestClient.connect(daemon.ports[1]);
    await holder.result('open');
    const running = probectl('run', '--host', 'ssh://lab', '--wait', 'SIM0002', '--', 'true');
    await running.said(/waiting: probe SIM0002 has a queue: /);
    const processes = [...running.descendants, ...sshd.connections];

    running.kill('SIGKILL');

    await haveEnded(processes);
    assert.deepEqual(sockets(), []);
  });

  it("ends with probectl, whatever the user's config says of other logins", async () => {
    sshd.configure(['ControlPersist yes']);
    const running = probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...debuggerLike);
    assert.equal(await readDpidr(await portOf(running, /port=(\d+)/)), DPIDR);
    const processes = [...running.descendants, ...sshd.connections];

    running.type('0\n');

    await running.ended;
    await haveEnded(processes);
  });

  it("works where the user's config has other plans with the host", async () => {
    sshd.configure(['RemoteCommand tmux', 'PermitLocalCommand yes', 'LocalCommand echo hello']);

    const { code, stdout } = await probectl('--host', 'ssh://lab', 'list').ended;

    assert.equal(code, 0);
    assert.match(stdout, /^SIM0001 /m);
  });

  it("is that of the user's own config, if it shares logins", async () => {
    const own = path.join(sshd.folder, 'own');
    sshd.configure(['ControlMaster auto', 'ControlPersist no', `ControlPath ${own}`]);
    const before = sshd.logins;
    const running = probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...debuggerLike);
    await using client = await TestClient.connect(await portOf(running, /port=(\d+)/));
    await openInSwd(client);
    assert(existsSync(own));
    assert.deepEqual(sockets(), []);

    running.killGroup('SIGINT');

    await running.matched(/interrupted/);
    assert.equal(await client.result('read_dp', 0), DPIDR);
    assert.equal(sshd.logins - before, 1);
    running.type('0\n');
    assert.equal((await running.ended).code, 0);
  });
});

function runsDialStdio(pid: number): boolean {
  return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes('dial-stdio');
}
