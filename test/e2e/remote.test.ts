// probectl run and forward against a real daemon, on this machine and through a real sshd.

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { ProbectlProcess, runProbectl } from '../support/probectl-process.js';
import { requireSshd, SshServer } from '../support/ssh-server.js';
import { TestClient } from '../support/test-client.js';

/** Opens, connects and reads DPIDR through a forwarded port. */
async function readDpidr(port: number): Promise<unknown> {
  await using client = await TestClient.connect(port);
  await client.result('hello', 1);
  await client.result('open');
  await client.result('connect', 'SWD');
  for (const [length, bits] of [
    [51, 0x7ffffffffffff],
    [16, 0xe79e],
    [51, 0x7ffffffffffff],
    [8, 0],
  ]) {
    await client.result('swj_sequence', length, bits);
  }
  const value = await client.result('read_dp', 0);
  await client.result('close');
  return value;
}

const DPIDR = 0x0bc11477;
/** What users are promised: as soon after what was gone is back, all works again. */
const RECOVERED_MS = 5000;
/** A command that says on which port it finds the probe, and goes on until it is told something. */
const waiting = ['sh', '-c', 'echo port={port}; read -r code; exit "$code"'];

async function portOf(printed: ProbectlProcess, pattern: RegExp): Promise<number> {
  return Number((await printed.matched(pattern))[1]);
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

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

  it('ends as a shell would for a command that is not there, or that a signal ends', async () => {
    const missing = await run('SIM0001', '--', 'no-such-command').ended;
    assert.deepEqual([missing.code, missing.stderr], [127, 'probectl: there is no command no-such-command\n']);
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

    while (isAlive(Number(pid))) await new Promise((resolve) => setTimeout(resolve, 20));
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

describe('probectl forward', function () {
  this.timeout(120_000);

  it('goes on, at the same port, when the daemon has restarted', async () => {
    await using first = await DaemonProcess.serving(1);
    const forwarding = new ProbectlProcess(first.folder, ['forward', 'SIM0001']);
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await forwarding.matched(/SIM0001 of this machine: ready/);
    assert.equal(await readDpidr(port), DPIDR);

    await first.stop('SIGKILL');

    await forwarding.matched(/not reachable, trying again/);
    await using second = DaemonProcess.spawn(['--port', '0', '--simulate'], first.folder);
    await second.printed(1);
    const back = performance.now();
    await forwarding.matched(/trying again[^]*SIM0001 of this machine: ready/);
    assert.equal(await readDpidr(port), DPIDR);
    assert.ok(performance.now() - back < RECOVERED_MS);
    assert.equal((await forwarding.interrupt()).code, 0);
  });
});

describe('probectl forward of a probe that goes and comes back', function () {
  this.timeout(120_000);

  it('tells its user and its clients, and serves it again at the same port', async () => {
    await using daemon = await DaemonProcess.serving(1);
    const forwarding = new ProbectlProcess(daemon.folder, ['forward', 'SIM0001']);
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await forwarding.matched(/SIM0001 of this machine: ready/);
    await using client = await TestClient.connect(port);
    await client.result('open');

    await runProbectl(daemon.folder, 'disable', 'SIM0001'); // a simulated probe cannot be pulled out
    await forwarding.matched(/SIM0001 of this machine: ignored/);
    assert.equal((await client.request('read_dp', 0)).status, 2);

    await runProbectl(daemon.folder, 'enable', 'SIM0001');
    const back = performance.now();
    await forwarding.matched(/ignored[^]*SIM0001 of this machine: ready/);
    assert.equal(await readDpidr(port), DPIDR);
    assert.ok(performance.now() - back < RECOVERED_MS);
    assert.equal((await forwarding.interrupt()).code, 0);
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

  it('keeps forwarding a probe while sshd goes and comes back', async () => {
    const forwarding = probectl('forward', '--host', 'ssh://lab', 'SIM0001');
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await forwarding.matched(/SIM0001 of lab: ready/);
    assert.equal(await readDpidr(port), DPIDR);
    await using idle = await TestClient.connect(port);
    await idle.result('open');

    await sshd.stop();

    await forwarding.matched(/not reachable, trying again/);
    const { status, error } = await idle.request('read_dp', 0);
    assert.equal(status, 2);
    assert.match(String(error), /the connection to probe SIM0001 of lab is lost/);
    await sshd.restart();
    const back = performance.now();
    await forwarding.matched(/trying again[^]*SIM0001 of lab: ready/);
    assert.ok(performance.now() - back < RECOVERED_MS);
    assert.equal(await readDpidr(port), DPIDR);
    assert.equal((await forwarding.interrupt()).code, 0);
    assert(await isRefused(port));
  });

  it('does without the forwarding of sshd where that is forbidden', async () => {
    sshd.forbidForwarding();
    const running = probectl('run', '--host', 'ssh://lab', 'SIM0001', '--', ...waiting);
    const port = await portOf(running, /port=(\d+)/);

    assert.equal(await readDpidr(port), DPIDR);

    assert.equal(sshd.asked.at(-1), 'dial-stdio --probe SIM0001');
    running.type('0\n');
    assert.equal((await running.ended).code, 0);
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

  it('refuses a host whose key has changed, and says so', async () => {
    sshd.changeHostKey();
    await sshd.stop();
    await sshd.restart();

    const { code, stderr } = await probectl('--host', 'ssh://lab', 'list').ended;

    assert.equal(code, 3);
    assert.match(stderr, /^probectl: Host key verification failed\.: make "ssh lab" work first\n$/);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
