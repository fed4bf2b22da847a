import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import { Installation, PROBES } from '../support/installation.js';
import { ProbectlProcess, runProbectl } from '../support/probectl-process.js';
import { TestClient } from '../support/test-client.js';

describe('an operator with a running daemon', () => {
  let here: Installation;
  let daemon: DaemonProcess;
  const probectl = (...args: readonly string[]) => runProbectl(here.folder, ...args);

  before(async () => {
    ({ here, daemon } = await Installation.start());
  });
  after(async () => {
    await daemon[Symbol.asyncDispose]();
    here[Symbol.dispose]();
  });
  afterEach(async () => {
    here.configure('');
    assert.equal((await probectl('reload', '--now')).code, 0);
  });

  it('sees the probes with ports and states, in 80 columns', async () => {
    const { code, stdout } = await probectl('status');

    assert.equal(code, 0);
    const lines = stdout.split('\n');
    assert.match(lines[0], new RegExp(`^probed \\d.*, pid ${daemon.process.pid}, `));
    assert.equal(lines.filter((line) => /^\S+ +SIM000\d .* ready /.test(line)).length, PROBES);
    assert(lines.every((line) => line.length <= 80));
  });

  it('gets the same as JSON', async () => {
    const { stdout } = await probectl('status', '--json');

    const { version, result } = JSON.parse(stdout) as { version: number; result: { probes: { port: number }[] } };
    assert.equal(version, 1);
    assert.deepEqual(
      result.probes.map(({ port }) => port),
      daemon.ports,
    );
  });

  it('lists what pyOCD is to be told', async () => {
    assert.match((await probectl('list')).stdout, new RegExp(`SIM0002 .*-u remote:localhost:${daemon.ports[1]}\n`));
  });

  it('leaves a family to other programs', async () => {
    here.configure('[families]\noff = ["cmsis-dap"]\n');

    assert.equal((await probectl('reload')).code, 0);

    await assert.rejects(TestClient.connect(daemon.ports[0]), { code: 'ECONNREFUSED' });
    assert.ok((await probectl('show', 'SIM0001')).stdout.includes(`(family cmsis-dap is off at ${here.file}:9:1)`));
    here.configure('[families]\noff = ["cmsis-dab"]\n');
    assert.match(
      (await probectl('reload')).stdout,
      /:9:8: families\.off has "cmsis-dab" \(did you mean "cmsis-dap"\?\)/,
    );
  });

  it('is told the target type for pyOCD, where the config has it', async () => {
    here.configure('[[probe]]\nuid = "SIM0002"\ntarget = "rp2040"\n');
    const [, port] = daemon.ports;

    await probectl('reload');

    assert.match(
      (await probectl('list')).stdout,
      new RegExp(`^SIM0002 .* -u remote:localhost:${port} -t rp2040$`, 'm'),
    );
    const { stdout } = await probectl('show', 'SIM0002');
    assert.match(stdout, /^target +rp2040$/m);
    assert.match(stdout, new RegExp(`^pyocd +-u remote:localhost:${port} -t rp2040$`, 'm'));
  });

  it('sees who uses a probe, and drops him', async () => {
    await using client = await TestClient.connect(daemon.ports[0]);
    await client.result('open');
    const closed = new Promise((resolve) => client.socket.once('close', resolve));

    assert.match((await probectl('show', 'SIM0001')).stdout, new RegExp(`127\\.0\\.0\\.1:${client.socket.localPort}`));
    const { code, stdout } = await probectl('kick', 'SIM0001');

    assert.equal(code, 0);
    assert.match(stdout, /^dropped client \d+, \S+ \(127\.0\.0\.1:\d+\)\n$/);
    await closed;
  });

  it('disables and enables a probe, and others are left alone', async () => {
    await using bystander = await TestClient.connect(daemon.ports[0]);

    assert.equal((await probectl('disable', 'sim0002')).code, 0);
    await assert.rejects(TestClient.connect(daemon.ports[1]), { code: 'ECONNREFUSED' });
    assert.match((await probectl('status')).stdout, /SIM0002 .* ignored /);
    assert.equal((await probectl('enable', 'SIM0002')).code, 0);

    await using client = await TestClient.connect(daemon.ports[1]);
    assert.equal((await client.request('hello', 1)).status, 0);
    assert.equal((await bystander.request('hello', 1)).status, 0);
  });

  it('renames a probe, and calls it by that name', async () => {
    assert.equal((await probectl('rename', 'SIM0003', 'bench')).stdout, 'SIM0003 is called bench\n');
    assert.match((await probectl('show', 'bench')).stdout, /SIM0003/);
    assert.equal((await probectl('rename', 'bench', '')).code, 0);
    assert.equal((await probectl('show', 'bench')).code, 4);
  });

  it('may not forget a probe that is there', async () => {
    const { code, stderr } = await probectl('forget', 'SIM0001');

    assert.equal(code, 1);
    assert.match(stderr, /SIM0001 is plugged in/);
  });

  it('is told the nearest probes when there is none of that name', async () => {
    const { code, stderr } = await probectl('show', 'SIM0010');

    assert.equal(code, 4);
    assert.match(stderr, /no probe is called "SIM0010": did you mean SIM000/);
  });

  it('follows events until Ctrl-C', async () => {
    const watching = new ProbectlProcess(here.folder, ['events', '--since', '0']);
    await watching.printed('attached');

    await probectl('disable', 'SIM0002');
    await watching.printed('disabled');

    assert.deepEqual((await watching.interrupt()).code, 0);
    await probectl('enable', 'SIM0002');
  });

  it('watches the status until Ctrl-C, which is no failure', async () => {
    const watching = new ProbectlProcess(here.folder, ['status', '--watch']);
    await watching.printed('SIM0003');

    const { code, stderr } = await watching.interrupt();

    assert.deepEqual([code, stderr], [0, '']);
  });

  it('reloads the config: clients of probes that did not change stay', async () => {
    await using client = await TestClient.connect(daemon.ports[0]);
    here.configure('[[probe]]\nuid = "SIM0002"\nname = "two"\n[[ignore]]\nuid = "SIM0003"\n');

    const { code, stdout } = await probectl('reload');

    assert.equal(code, 0);
    assert.match(stdout, /changed: SIM0002, SIM0003|changed: SIM0003, SIM0002/);
    assert.equal((await client.request('hello', 1)).status, 0);
    await assert.rejects(TestClient.connect(daemon.ports[2]), { code: 'ECONNREFUSED' });
    const refused = await probectl('rename', 'SIM0002', 'deux');
    assert.equal(refused.code, 1);
    assert.ok(refused.stderr.includes(`${here.file}:10:`), refused.stderr);
  });

  it('hears which keys of a new config take another start', async () => {
    here.configure('[log]\nformat = "json"\nlevel = "debug"\n');

    const { code, stdout } = await probectl('reload');

    assert.equal(code, 0);
    assert.equal(stdout, 'changed settings: log.level\nlog.format holds when the daemon is started again\n');
  });

  it('hears every mistake of a new config, and nothing changes', async () => {
    here.configure('[[ignore]]\nuid = "SIM0001"\n[limits]\nline_bytes = "many"\nbacklg = 1\n');

    const { code, stdout } = await probectl('reload');

    assert.equal(code, 1);
    const complaints = stdout.split('\n').filter((line) => line.startsWith(`${here.file}:`));
    assert.equal(complaints.length, 2, stdout);
    for (const complaint of complaints) assert.match(complaint, /:\d+:\d+: /);
    await using client = await TestClient.connect(daemon.ports[0]);
    assert.equal((await client.request('hello', 1)).status, 0);
  });

  it('reloads it with SIGHUP as well', async () => {
    here.configure('[[ignore]]\nuid = "SIM0003"\n');

    const before = daemon.stderr.length; // others have been reloaded before
    daemon.process.kill('SIGHUP');
    await daemon.logged('config reloaded', before);

    await assert.rejects(TestClient.connect(daemon.ports[2]), { code: 'ECONNREFUSED' });
  });

  it('hears from doctor what is wrong with the config that the daemon reads', async () => {
    assert.match((await probectl('doctor')).stdout, /^ok +the config is valid$/m);
    here.configure('[limits]\nbacklg = 1\n');

    const { code, stdout } = await probectl('doctor');

    assert.equal(code, 1);
    assert.ok(stdout.includes(`bad  ${here.file}:9:1: `), stdout);
    assert.ok(stdout.includes(`probed --check-config --config ${here.file}`), stdout);
  });

  it('cannot start a second daemon on the socket, and the first is not disturbed', async () => {
    await using client = await TestClient.connect(daemon.ports[0]);
    const other = path.join(here.folder, 'other.toml');
    const socket = path.join(here.folder, 'control.sock');
    writeFileSync(other, `[control]\nsocket = "${socket}"\n[listen]\nfirst_port = 0\n[[simulate]]\ncount = 1\n`);

    const second = DaemonProcess.spawn(['--config', other], here.folder);

    assert.deepEqual(await second.exit, { code: 1, signal: null });
    assert.match(second.lastLine, new RegExp(`already running, pid ${daemon.process.pid}`));
    assert.deepEqual(second.lines, []);
    assert.equal((await client.request('hello', 1)).status, 0);
    assert.equal((await probectl('ping')).code, 0);
  });
});

describe('a daemon that is given its config by a relative path', () => {
  it('names it in full, for who is elsewhere', async () => {
    using here = await Installation.make();
    await using daemon = DaemonProcess.spawn(['--config', path.relative(process.cwd(), here.file)], here.folder);
    await daemon.printed(PROBES);

    const { stdout } = await runProbectl(here.folder, 'status', '--json');

    assert.equal((JSON.parse(stdout) as { result: { configFile?: string } }).result.configFile, here.file);
    assert.match(
      (await runProbectl(here.folder, 'show', 'SIM0001')).stdout,
      new RegExp(`\\(${here.file}:\\d+:\\d+\\)`),
    );
  });
});

describe('an operator without a daemon', () => {
  it('is told how to start it', async () => {
    using here = await Installation.make();

    const { code, stderr } = await runProbectl(
      here.folder,
      ...['--socket', path.join(here.folder, 'control.sock'), 'status'],
    );

    assert.equal(code, 3);
    assert.match(stderr, /no daemon answers on .*: start it with "/);
  });
});

describe('a daemon that cannot keep its state', () => {
  it('serves on and says so', async () => {
    using here = await Installation.make();
    writeFileSync(path.join(here.folder, 'state'), 'a file in the place of a directory');
    await using daemon = await here.start();

    const { code, stdout } = await runProbectl(here.folder, 'status');

    assert.equal(code, 0);
    assert.match(stdout, /the port book cannot be (read|written)/);
    assert.ok(stdout.includes(`${here.state} must be a directory: move away what is there`));
    await using client = await TestClient.connect(daemon.ports[0]);
    assert.equal((await client.request('hello', 1)).status, 0);
    assert.equal(readFileSync(path.join(here.folder, 'state'), 'utf8'), 'a file in the place of a directory');
  });
});

describe('a config that is a directory', () => {
  it('is said so, with exit code 2', async () => {
    using here = await Installation.make();
    await using daemon = DaemonProcess.spawn(['--config', here.folder], here.folder);

    assert.deepEqual(await daemon.exit, { code: 2, signal: null });
    assert.equal(daemon.lastLine, `probed: ${here.folder}: this is a directory: name the file in it`);
  });
});

describe('a daemon that is killed while probes get their ports', () => {
  it('serves every probe on its old port when it starts again', async function () {
    this.timeout(120_000);
    using here = await Installation.make();
    const ports = new Map<string, string>();

    for (let kill = 0; kill < 4; kill++) {
      // The state directory begins empty, so that the first of these lives write it.
      await using daemon = here.spawn();
      await daemon.logged(kill % 2 === 0 ? 'probe attached' : 'probe served');
      for (let turn = 0; turn < kill * 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      daemon.process.kill('SIGKILL');
      await daemon.exit;
      compare(daemon.stderr, ports);
    }
    await using daemon = await here.start();
    compare(daemon.stderr, ports);

    assert.equal(ports.size, PROBES);
    const { stdout } = await runProbectl(here.folder, 'status');
    assert.ok(!/port book/.test(stdout), stdout);
  });
});

/** Whatever port a probe was ever served on, it has now. */
function compare(log: string, ports: Map<string, string>): void {
  for (const [, uid, port] of log.matchAll(/probe served uid=(\S+) port=(\d+)\n/g)) {
    assert.equal(port, ports.get(uid) ?? port, `${uid} has another port than before`);
    ports.set(uid, port);
  }
}
