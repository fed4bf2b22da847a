import assert from 'node:assert/strict';
import { connectSwd } from '../../support/connect-swd.js';
import { TestClient } from '../../support/test-client.js';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { GuestDaemon } from '../guest-daemon.js';
import { figure, scenario, SHORT } from '../scenario.js';

const SOCKET = 1;
/** Status of "busy" (docs/protocol.md). */
const GENERAL_ERROR = 1;
const UNIT = 'holder.service';

/** Claims interface 1, which is CMSIS-DAP v2, of the only probe, says so, and keeps it until it is ended. */
const program = `
  const { usb } = require('/opt/payload/node_modules/usb');
  const device = usb.getDeviceList().find(({ deviceDescriptor: { idVendor } }) => idVendor === 0x0d28);
  device.open();
  device.interface(1).claim();
  require('node:fs').writeFileSync(process.env.RUNTIME_DIRECTORY + '/claimed', '');
  setInterval(() => undefined, 1000);
`;

describe('a HID interface', () => {
  scenario(`is taken from the kernel's driver while a client has the probe open, no longer`, async (vm, undo) => {
    const daemon = await GuestDaemon.start(vm);
    await vm.plug(emulatedProbe({ uid: 'BORROW', transports: 'v1' }), SOCKET);
    const { port = 0 } = await daemon.served('BORROW');
    const client = undo.use(await TestClient.connect(await vm.forward(port)));
    const driver = async (): Promise<string> =>
      (await vm.agent.shell(`basename $(readlink /sys/bus/usb/devices/1-${SOCKET}:1.0/driver)`)).trim();
    assert.equal(await driver(), 'usbhid');

    await client.result('open');
    assert.equal(await driver(), 'usbfs');
    await client.result('close');
    assert.equal(await driver(), 'usbhid');
  });
});

describe('a probe that another program has claimed', () => {
  for (const [holder, says] of [
    // Of a program of another user the kernel tells us only that there is one.
    ['root', /another program/],
    ['probed', /pid \d+/],
  ] as const) {
    scenario(
      `is busy at the client's open, held by ${holder}, and works when it is free ${SHORT}`,
      async (vm, undo) => {
        const daemon = await GuestDaemon.start(vm);
        await vm.plug(emulatedProbe({ uid: 'WANTED' }), SOCKET);
        const { port = 0 } = await daemon.served('WANTED');
        const client = undo.use(await TestClient.connect(await vm.forward(port)));
        await vm.agent.output([
          ...['systemd-run', '--quiet', '--collect', `--unit=${UNIT}`, `--property=User=${holder}`],
          ...['--property=RuntimeDirectory=holder', '/opt/vm-agent/node', '-e', program],
        ]);
        await vm.agent.shell('for i in $(seq 300); do [ -e /run/holder/claimed ] && exit; sleep 0.1; done; exit 1');

        const refused = await client.request('open');
        await vm.agent.output(['systemctl', 'stop', UNIT]);
        const opened = await client.request('open');

        figure(`claimed by a program of ${holder}`, `status ${refused.status}, "${refused.error}"`);
        assert.equal(refused.status, GENERAL_ERROR);
        assert.match(refused.error ?? '', /busy|another program/);
        assert.match(refused.error ?? '', says);
        assert.equal(opened.status, 0, opened.error);
        assert.equal(await connectSwd(client), DPIDR);
      },
    );
  }
});
