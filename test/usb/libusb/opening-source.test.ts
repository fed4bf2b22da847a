import assert from 'node:assert/strict';
import type { HidPlace } from '../../../src/usb/hid/open-hid.js';
import { OpeningSource } from '../../../src/usb/libusb/opening-source.js';
import type { UsbConnection } from '../../../src/usb/usb-bus.js';
import { recordedConnection } from '../../probe/cmsis-dap/recorded-connection.js';
import { BusRig } from './bus-rig.js';
import { bulk, FakeDevice, hid } from './fake-usb.js';

const strings = new Map([
  [1, 'Arm'],
  [2, 'DAPLink'],
  [3, 'A1'],
  [4, 'CMSIS-DAP v2'],
]);

function macRig(): BusRig {
  return new BusRig({ source: new OpeningSource(), detachKernelDriver: false });
}

describe('a device where the system keeps no strings', () => {
  it('is opened once for them, and closed again', async () => {
    await using rig = macRig();
    const device = new FakeDevice({ strings, interfaces: [bulk({ iInterface: 4 })] });
    rig.usb.plug(device);

    const info = await rig.only();
    await rig.bus.list();

    assert.deepEqual([info.manufacturer, info.product, info.serial], ['Arm', 'DAPLink', 'A1']);
    assert.equal(info.interfaces[0].name, 'CMSIS-DAP v2');
    assert.equal(info.node, undefined);
    assert.deepEqual(device.calls, ['open', 'close']);
  });

  it('is listed without them where it does not tell, or may not be opened', async () => {
    await using rig = macRig();
    const silent = new FakeDevice({ ports: [1] });
    const taken = new FakeDevice({ ports: [2] });
    taken.fails.set('open', -3);
    rig.usb.plug(silent);
    rig.usb.plug(taken);

    const infos = await rig.bus.list();

    assert.deepEqual(
      infos.map(({ portPath, serial, accessible }) => [portPath, serial, accessible]),
      [
        ['1-1', undefined, true],
        ['1-2', undefined, true],
      ],
    );
  });

  it('has its HID interfaces opened by the system, and only those', async () => {
    const opened: number[] = [];
    const openHid = async ({ interfaceNumber, gone }: HidPlace): Promise<UsbConnection> => {
      opened.push(interfaceNumber);
      return { ...recordedConnection().connection, gone };
    };
    await using rig = new BusRig({ source: new OpeningSource(), detachKernelDriver: false, openHid });
    const device = new FakeDevice({ interfaces: [bulk({ number: 0 }), hid({ number: 1 })] });
    rig.usb.plug(device);
    const { key } = await rig.only();
    const calls = device.calls.length;

    await using system = await rig.bus.open(key, 1);
    assert.equal(device.calls.length, calls);
    await using own = await rig.bus.open(key, 0);

    assert.deepEqual(opened, [1]);
    assert.equal(device.calls.at(-1), 'claim 0');
    assert.ok(!system.gone.aborted && !own.gone.aborted);
  });

  it('has another key at each plug, and keeps the kernel driver where it is', async () => {
    await using rig = macRig();
    const first = new FakeDevice();
    rig.usb.plug(first);
    const { key } = await rig.only();
    await using connection = await rig.bus.open(key, 0);
    assert.ok(!first.calls.includes('auto-detach true'));

    rig.usb.unplug(first);
    assert.ok(connection.gone.aborted);
    rig.usb.plug(new FakeDevice());

    assert.notEqual((await rig.only()).key, key);
  });
});
