// What probectl forward goes on after, and how soon: with the programs as they are shipped, on both sides.

import assert from 'node:assert/strict';
import { ControlWorld } from '../control/control-world.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { DPIDR, isRefused, portOf, readDpidr } from '../support/forwarded-port.js';
import { ProbectlProcess } from '../support/probectl-process.js';
import { type BundledPrograms, bundledPrograms } from '../support/programs.js';
import { requireSshd, SshServer } from '../support/ssh-server.js';
import { TestClient } from '../support/test-client.js';
import { startWorld } from '../support/world.js';

/** What users are promised: as soon after what was gone is back, all works again. */
const RECOVERED_MS = 5000;

describe('probectl forward', function () {
  this.timeout(120_000);
  let programs: BundledPrograms;
  before(() => {
    programs = bundledPrograms();
  });
  after(() => programs[Symbol.dispose]());
  /** @param folder  of a daemon that was there before */
  const serving = async (folder?: string): Promise<DaemonProcess> => {
    const daemon = DaemonProcess.spawn(['--port', '0', '--simulate'], folder, programs.own);
    await daemon.printed(1);
    return daemon;
  };
  const probectl = (folder: string, ...args: string[]): ProbectlProcess =>
    new ProbectlProcess(folder, args, { programs: programs.own });

  it('goes on, at the same port, when the daemon has restarted', async () => {
    await using first = await serving();
    const forwarding = probectl(first.folder, 'forward', 'SIM0001');
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await forwarding.matched(/SIM0001 of this machine: ready/);
    assert.equal(await readDpidr(port), DPIDR);

    await first.stop('SIGKILL');

    await forwarding.matched(/not reachable, trying again/);
    await using second = await serving(first.folder);
    const back = performance.now();
    await forwarding.matched(/trying again[^]*SIM0001 of this machine: ready/);
    assert.equal(await readDpidr(port), DPIDR);
    assert.ok(performance.now() - back < RECOVERED_MS);
    assert.equal((await forwarding.interrupt()).code, 0);
    await second.stop();
  });

  it('tells its user and its clients that the probe was pulled out, and serves it again at the same port', async () => {
    await using world = await startWorld(); // here, for its bus: nothing is pulled out of a daemon that is a process
    await using control = await ControlWorld.empty();
    await control.listen({ daemon: world.daemon });
    const probe = world.plug({ uid: 'A1' });
    await world.event('served', 'A1');
    const forwarding = probectl(control.directory, 'forward', 'A1');
    const port = await portOf(forwarding, /remote:localhost:(\d+)/);
    await forwarding.matched(/A1 of this machine: ready/);
    await using client = await TestClient.connect(port);
    await client.result('open');

    world.unplug(probe);

    await forwarding.matched(/A1 of this machine: absent/);
    assert.equal((await client.request('read_dp', 0)).status, 2);
    world.plug(probe, '2-1'); // into another socket
    const back = performance.now();
    await forwarding.matched(/absent[^]*A1 of this machine: ready/);
    assert.equal(await readDpidr(port), DPIDR);
    assert.ok(performance.now() - back < RECOVERED_MS);
    assert.equal((await forwarding.interrupt()).code, 0);
  });

  it('keeps forwarding a probe while sshd goes and comes back', async function () {
    requireSshd(this);
    await using daemon = await serving();
    await using sshd = await SshServer.start(daemon.folder, { programs: programs.own });
    const forwarding = new ProbectlProcess(sshd.folder, ['forward', '--host', 'ssh://lab', 'SIM0001'], {
      programs: programs.own,
      more: sshd.env,
    });
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
});
