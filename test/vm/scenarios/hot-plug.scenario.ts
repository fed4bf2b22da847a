import assert from 'node:assert/strict';
import { DapCommand } from '../../../src/sim/firmware/dap-command.js';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { GuestDaemon } from '../guest-daemon.js';
import { ProcessorWait } from '../processor-wait.js';
import { figure, scenario, SHORT } from '../scenario.js';
import { describeTimes, percentile } from '../statistics.js';

const SOCKET = 2;
const DISCONNECTED = 2;
const PLUGS = 30;
/** To be reached, in seconds of the guest. */
const PLUG_LIMIT = 1;
const UNPLUG_LIMIT = 0.3;
/** If QEMU has waited for a processor longer than this share of its time, other programs have made these figures. */
const MAX_WAIT = 0.5;

describe('a probe that comes and goes', () => {
  scenario(`is served soon after the kernel's event, and is missed soon ${SHORT}`, async (vm) => {
    const daemon = await GuestDaemon.start(vm);
    const probe = emulatedProbe({ uid: 'PLUG01' });
    const times = { opened: [] as number[], read: [] as number[], told: [] as number[] };
    const wait = new ProcessorWait(vm.machine.pid);
    let port = 5555;

    for (let i = 0; i < PLUGS; i++) {
      const beforePlug = await vm.stopwatch.now();
      const served = vm.stopwatch.untilServed(port);
      const plugged = await vm.plug(probe, SOCKET);
      const { openedAt, at, dpidr } = await served;
      assert.equal(dpidr, DPIDR);
      const added = await vm.stopwatch.kernelEvent(`usb 1-${SOCKET}: New USB device found`, beforePlug);
      times.opened.push(openedAt - added);
      times.read.push(at - added);
      ({ port = 0 } = await daemon.served('PLUG01'));
      assert.equal(port, 5555);

      // One of the clients is in the middle of a transfer, the other waits behind it.
      const clients = [vm.stopwatch.untilRefused(port), vm.stopwatch.untilRefused(port)];
      await daemon.probes(([row]) => row.clients === clients.length, 'both clients are connected');
      for (let reads = 0; reads < 10; reads++) await probe.received(DapCommand.Transfer);
      probe.holdAnswers();
      await probe.received(DapCommand.Transfer);
      const beforeUnplug = await vm.stopwatch.now();
      plugged[Symbol.dispose]();
      const told = await Promise.all(clients);
      const removed = await vm.stopwatch.kernelEvent(`usb 1-${SOCKET}: USB disconnect`, beforeUnplug);
      for (const { status, error, at: toldAt } of told) {
        assert.equal(status, DISCONNECTED, error);
        times.told.push(toldAt - removed);
      }
      probe.releaseAnswers();
      await daemon.probes(([row]) => row.state === 'absent', 'the probe is missed');
    }

    figure("from the kernel's plug event to an answered open", describeTimes(times.opened));
    figure("from the kernel's plug event to DPIDR", describeTimes(times.read));
    figure("from the kernel's unplug event to status 2, two clients each", describeTimes(times.told));
    const { share } = wait;
    const waited = `${Math.round(100 * share)} % of the time`;
    if (share > MAX_WAIT) {
      figure('the goals for these times', `NOT APPLIED: this machine is busy, QEMU waited for a processor ${waited}`);
      return;
    }
    figure('QEMU waited for a processor meanwhile', waited);
    assert.ok(percentile(times.opened, 0.95) < PLUG_LIMIT, `plug: ${describeTimes(times.opened)}`);
    assert.ok(percentile(times.told, 0.95) < UNPLUG_LIMIT, `unplug: ${describeTimes(times.told)}`);
  });
});
