import assert from 'node:assert/strict';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { type InstalledPackage, packageScenario } from '../installed-package.js';
import { Replugging } from '../replugging.js';
import { figure } from '../scenario.js';

const FIRST_PORT = 5555;
const SOCKETS = 8;

describe('the service of the package while the machine boots', () => {
  packageScenario('gives each probe the port it had before', async (installed) => {
    const { vm } = installed;
    await vm.plug(emulatedProbe({ uid: 'FIRST' }), 1);
    await installed.served(FIRST_PORT);
    const second = await vm.plug(emulatedProbe({ uid: 'SECOND' }), 2);
    await installed.served(FIRST_PORT + 1);
    second[Symbol.dispose]();

    await vm.reboot();
    assert.equal((await installed.served(FIRST_PORT)).dpidr, DPIDR);
    // In another socket, and with one that comes for the first time before it.
    await vm.plug(emulatedProbe({ uid: 'THIRD' }), 2);
    await installed.served(FIRST_PORT + 2);
    await vm.plug(emulatedProbe({ uid: 'SECOND' }), 3);
    assert.equal((await installed.served(FIRST_PORT + 1)).dpidr, DPIDR);

    const { probes } = await installed.status();
    const ports = probes.map(({ uid, port }) => `${uid} ${port}`).sort();
    assert.deepEqual(ports, ['FIRST 5555', 'SECOND 5556', 'THIRD 5557']);
    figure('boot to ready', `${(await installed.loggedAt(/Started probed\.service/)).toFixed(1)} s, emulated`);
  });

  packageScenario('serves by one daemon what is pulled and plugged meanwhile', async (installed) => {
    const { vm } = installed;
    const replugging = new Replugging(vm, emulatedProbe({ uid: 'PULLED' }), 1);
    await installed.served(FIRST_PORT);

    await vm.reboot();
    const pulls = await replugging.stop();

    assert.equal((await installed.served(FIRST_PORT)).dpidr, DPIDR);
    assert.deepEqual(await installed.processes(), [await installed.pid()]);
    assert.equal(await starts(installed), 1);
    figure('unplugged and plugged during a boot', `${pulls} times; one daemon, same port`);
  });
});

describe('the service of the package while it starts', () => {
  packageScenario('serves by one daemon a probe that is pulled and plugged meanwhile', async (installed) => {
    const { vm } = installed;
    await installed.systemctl('stop', 'probed');
    const before = await starts(installed);

    const replugging = new Replugging(vm, emulatedProbe({ uid: 'PULLED' }), 1);
    await installed.shell('until systemctl is-active -q probed; do sleep 0.1; done'); // the plug starts it
    const pulls = await replugging.stop();

    assert.equal((await installed.served(FIRST_PORT)).dpidr, DPIDR);
    assert.deepEqual(await installed.processes(), [await installed.pid()]);
    assert.equal((await starts(installed)) - before, 1);
    figure('unplugged and plugged while the service starts', `${pulls} times; one daemon, one start`);
  });

  packageScenario('serves by one daemon 8 probes that are plugged at once', async (installed) => {
    const { vm } = installed;
    await installed.systemctl('stop', 'probed');
    const before = await starts(installed);

    const sockets = Array.from({ length: SOCKETS }, (_, i) => i + 1);
    const begin = await vm.stopwatch.now();
    await Promise.all(sockets.map((socket) => vm.plug(emulatedProbe({ uid: `HUB${socket}` }), socket)));
    const served = await Promise.all(sockets.map((socket) => installed.served(FIRST_PORT - 1 + socket)));

    for (const { dpidr } of served) assert.equal(dpidr, DPIDR);
    assert.deepEqual(await installed.processes(), [await installed.pid()]);
    assert.equal((await starts(installed)) - before, 1);
    const last = Math.max(...served.map(({ at }) => at));
    figure(
      '8 probes plugged at once, service not running before',
      `all answer after ${(last - begin).toFixed(1)} s, emulated`,
    );
  });
});

/** How often the service was started in this boot. */
async function starts(installed: InstalledPackage): Promise<number> {
  return (await installed.log()).split('\n').filter((line) => line.includes('Starting probed.service')).length;
}
