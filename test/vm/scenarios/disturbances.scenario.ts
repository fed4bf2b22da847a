import assert from 'node:assert/strict';
import { DapCommand } from '../../../src/sim/firmware/dap-command.js';
import type { SimProbe } from '../../../src/sim/sim-probe.js';
import { connectSwd } from '../../support/connect-swd.js';
import { TestClient } from '../../support/test-client.js';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { GuestDaemon } from '../guest-daemon.js';
import { figure, scenario, SHORT } from '../scenario.js';
import type { Vm } from '../vm.js';

const SOCKET = 4;
const CTRL_STAT = 4;
const DISCONNECTED = 2;

/** Resets the only probe over USB, as other tools do to one that hangs (USBDEVFS_RESET). */
const resetProgram = `
  const { usb } = require('/opt/payload/node_modules/usb');
  const device = usb.getDeviceList().find(({ deviceDescriptor: { idVendor } }) => idVendor === 0x0d28);
  device.open();
  device.reset((error) => { device.close(); if (error) throw error; });
`;

/** A served probe and a client on the host that has read from its target. */
async function serve(vm: Vm): Promise<{ daemon: GuestDaemon; client: TestClient; probe: SimProbe }> {
  const daemon = await GuestDaemon.start(vm);
  const probe = emulatedProbe({ uid: 'STEADY' });
  await vm.plug(probe, SOCKET);
  const { port = 0 } = await daemon.served('STEADY');
  const client = await TestClient.connect(await vm.forward(port));
  await client.result('open');
  assert.equal(await connectSwd(client), DPIDR);
  return { daemon, client, probe };
}

describe('a served probe', () => {
  scenario(`goes on when udevd is restarted, and so do those that come later ${SHORT}`, async (vm, undo) => {
    const { daemon, client } = await serve(vm);
    undo.use(client);

    await vm.agent.output(['systemctl', 'restart', 'systemd-udevd.service']);
    await client.result('read_dp', CTRL_STAT);
    await vm.plug(emulatedProbe({ uid: 'LATER' }), SOCKET + 1);
    const { port = 0 } = await daemon.served('LATER');

    const { dpidr } = await vm.stopwatch.untilServed(port);
    assert.equal(dpidr, DPIDR);
  });

  scenario(
    `whose permissions are taken away is shown so, and served again when they are back ${SHORT}`,
    async (vm, undo) => {
      const { daemon, client } = await serve(vm);
      undo.use(client);
      const node = (await vm.agent.shell('grep -l STEADY /sys/bus/usb/devices/*/serial | xargs dirname')).trim();
      const device = (await vm.agent.shell(`. ${node}/uevent; echo /dev/$DEVNAME`)).trim();
      await client.result('close');

      await vm.agent.shell(`chmod 0600 ${device}; chown root:root ${device}`);
      const [denied] = await daemon.probes(([{ state }]) => state === 'no-permission', 'it is shown as denied');
      const refused = await client.request('open');
      await vm.agent.shell(`chown root:probed ${device}; chmod 0660 ${device}`);
      await daemon.probes(([{ state }]) => state === 'ready', 'it is ready again');

      figure('permission taken away', `"${denied.reason}"; open: status ${refused.status}, "${refused.error}"`);
      assert.equal(refused.status, 1);
      await client.result('open');
      assert.equal(await connectSwd(client), DPIDR);
    },
  );

  scenario(`serves again after the kernel has suspended and resumed its devices ${SHORT}`, async (vm, undo) => {
    const { client } = await serve(vm);
    undo.use(client);
    const before = await vm.stopwatch.now();

    // All of suspend and resume but the sleep itself (Documentation/power/basic-pm-debugging.rst). The guest would not
    // wake up: S3 ends in a reset, in which QEMU loads the kernel anew, and from s2idle nothing here wakes it.
    await vm.agent.shell('echo devices > /sys/power/pm_test; echo mem > /sys/power/state', { timeoutMs: 60_000 });
    const outcome = await goesOn(client);

    const log = await vm.agent.shell(
      `journalctl --dmesg --no-pager --output short-monotonic | grep -E 'PM: |lost power|usb 1-${SOCKET}: reset' | tail -n 12`,
    );
    console.log(log.replaceAll(/^/gm, '      '));
    figure('suspend and resume of the devices (pm_test)', outcome);
    await vm.stopwatch.kernelEvent('PM: suspend exit', before);
  });
});

describe('a probe in use that stays in its socket', () => {
  for (const [what, happens] of [
    [`another program has reset it ${SHORT}`, (vm) => vm.agent.output(['/opt/vm-agent/node', '-e', resetProgram])],
    [
      'the system has forbidden it and allowed it again',
      (vm) => vm.agent.shell(`cd /sys/bus/usb/devices/1-${SOCKET}; echo 0 > authorized; sleep 3; echo 1 > authorized`),
    ],
  ] satisfies readonly (readonly [string, (vm: Vm) => Promise<unknown>])[]) {
    scenario(`is served again after ${what}`, async (vm, undo) => {
      const { client, probe } = await serve(vm);
      undo.use(client);
      probe.holdAnswers();
      const answer = client.request('read_dp', CTRL_STAT);
      await probe.received(DapCommand.Transfer);

      await happens(vm);
      const { status, error } = await answer;
      probe.releaseAnswers();

      figure(`a read while ${what.replace(SHORT, '').trim()}`, `status ${status}, "${error}"`);
      assert.equal(status, DISCONNECTED);
      await reopen(client);
    });
  }
});

describe('a probe that the system keeps out', () => {
  scenario(`is shown with the reason, and served when it is let in ${SHORT}`, async (vm) => {
    const daemon = await GuestDaemon.start(vm);
    await vm.agent.shell('echo 0 > /sys/bus/usb/devices/usb1/authorized_default'); // as USBGuard does
    await vm.plug(emulatedProbe({ uid: 'KEPTOUT' }), SOCKET);
    const [row] = await daemon.probes((all) => all.some(({ state }) => state === 'not-served'), 'it is shown');

    await vm.agent.shell(`echo 1 > /sys/bus/usb/devices/1-${SOCKET}/authorized`);
    const { uid, port = 0 } = await daemon.served(row.uid);

    figure('a probe that the system keeps out', `${uid}: "${row.reason}"`);
    assert.match(row.reason ?? '', /has not let it in/);
    assert.equal((await vm.stopwatch.untilServed(port)).dpidr, DPIDR);
  });
});

/** The client goes on, or, where its connection to the target was lost with the power of the bus, opens again. */
async function goesOn(client: TestClient): Promise<string> {
  const read = await client.request('read_dp', CTRL_STAT);
  if (read.status === 0) return 'the client reads on as if nothing had been';
  await reopen(client);
  return `the client is told status ${read.status} ("${read.error}"), and opens again`;
}

/** Tries until the daemon has taken the device for another attachment, and connects to the target. */
async function reopen(client: TestClient): Promise<void> {
  let reply = await client.request('open');
  while (reply.status === DISCONNECTED) reply = await client.request('open');
  assert.equal(reply.status, 0, reply.error);
  assert.equal(await connectSwd(client), DPIDR);
}
