import assert from 'node:assert/strict';
import type { DeviceTexts } from '../../../src/usb/libusb/device-source.js';
import type { NativeDevice } from '../../../src/usb/libusb/native.js';
import { OpeningSource } from '../../../src/usb/libusb/opening-source.js';
import { settle } from '../../support/fake-clock.js';
import { BusRig } from './bus-rig.js';
import { bulk, FakeDevice, FakeUsb, hid } from './fake-usb.js';

/** The report descriptor of CMSIS-DAP v1 reference firmware: one input, one output and one feature report of 64 bytes. */
const REPORT_DESCRIPTOR = Buffer.from('0600ff0901a101150026ff00750895400901810295400901910295400901b102c0', 'hex');

describe('the list of USB devices', () => {
  it('has descriptors, strings, interface names and report sizes, and opened nothing for them', async () => {
    await using rig = new BusRig();
    const device = rig.plug(
      { bus: 3, address: 17, ports: [1, 4], interfaces: [bulk({ iInterface: 4 }), hid({ iInterface: 5 })] },
      {
        ...{ manufacturer: 'Arm\n', product: 'DAPLink\n', serial: 'A1\n' },
        ...{ '0/interface': 'CMSIS-DAP v2\n', '1/interface': 'CMSIS-DAP v1\n' },
        '1/0003:0D28:0204.0007/report_descriptor': REPORT_DESCRIPTOR,
      },
    );

    const info = await rig.only();

    assert.deepEqual(
      { ...info, key: '' },
      {
        ...{ key: '', vendorId: 0x0d28, productId: 0x0204, deviceVersion: 0x0100 },
        ...{ manufacturer: 'Arm', product: 'DAPLink', serial: 'A1', portPath: '3-1.4', accessible: true },
        node: rig.sysfs.node(device),
        interfaces: [
          {
            ...{ number: 0, classCode: 0xff, subclassCode: 0, protocolCode: 0, name: 'CMSIS-DAP v2' },
            endpoints: [
              { address: 0x01, transferType: 'bulk', maxPacketSizeBytes: 512 },
              { address: 0x82, transferType: 'bulk', maxPacketSizeBytes: 512 },
            ],
          },
          {
            ...{ number: 1, classCode: 3, subclassCode: 0, protocolCode: 0, name: 'CMSIS-DAP v1' },
            hidReports: { inputSizeBytes: 64, outputSizeBytes: 64 },
            endpoints: [
              { address: 0x83, transferType: 'interrupt', maxPacketSizeBytes: 64 },
              { address: 0x04, transferType: 'interrupt', maxPacketSizeBytes: 64 },
            ],
          },
        ],
      },
    );
    assert.deepEqual(device.calls, []);
  });

  it('has packet sizes without what else their field holds', async () => {
    await using rig = new BusRig();
    // Two more packets in a microframe (bits 12..11): USB 2.0, table 9-13.
    const endpoints = [{ bEndpointAddress: 0x83, bmAttributes: 3, wMaxPacketSize: 0x1200 }];
    rig.plug({ interfaces: [bulk({ endpoints })] });

    assert.equal((await rig.only()).interfaces[0].endpoints[0].maxPacketSizeBytes, 0x200);
  });

  it('has no hubs', async () => {
    await using rig = new BusRig();
    rig.plug({ ports: [], address: 1 });
    rig.plug({ ports: [1], address: 2, deviceClass: 9 });
    rig.plug({ ports: [1, 1], address: 3 });

    assert.deepEqual(await rig.paths(), ['1-1.1']);
  });

  it('shows strings as they are, and what is not UTF-8 as U+FFFD', async () => {
    await using rig = new BusRig();
    rig.plug({}, { serial: Buffer.from('Prüf 1 \xff\n', 'latin1'), product: ' \n' });

    const { serial, product, manufacturer } = await rig.only();

    assert.deepEqual([serial, product, manufacturer], ['Pr\ufffdf 1 \ufffd', ' ', undefined]);
  });

  it('gives every attachment a key of its own, also at the same address', async () => {
    await using rig = new BusRig();
    const first = rig.plug();
    const before = await rig.only();
    rig.unplug(first);
    rig.plug();

    const after = await rig.only();

    assert.equal(after.portPath, before.portPath);
    assert.notEqual(after.key, before.key);
  });

  it('tells a replug at the same address by sysfs alone, where no event came', async () => {
    await using rig = new BusRig();
    const first = rig.plug();
    const connection = await rig.open();
    rig.unplug(first, { event: false });
    rig.plug({}, {}, { event: false });

    await rig.clock.advance(10_000);

    assert.ok(connection.gone.aborted);
    assert.equal((await rig.bus.list()).length, 1);
  });

  it('does not take what is in a socket now for what libusb remembers there', async () => {
    await using rig = new BusRig();
    const first = rig.plug({ address: 5 });
    rig.sysfs.remove(first); // libusb has not heard of it
    rig.plug({ address: 6 });

    assert.equal((await rig.bus.list()).length, 1);
  });
});

describe('a device that is new', () => {
  it('is listed when the kernel has named its interfaces', async () => {
    await using rig = new BusRig();
    await rig.bus.list();
    let told = 0;
    rig.bus.subscribe(() => told++);
    const device = rig.plug({ interfaces: [bulk({ iInterface: 4 })] });
    await rig.clock.advance(100);
    assert.equal(told, 0);

    rig.sysfs.write(device, { '0/interface': 'CMSIS-DAP\n' });
    await rig.clock.advance(25);

    assert.equal(told, 1);
    assert.equal((await rig.only()).interfaces[0].name, 'CMSIS-DAP');
  });

  it('is listed when the kernel has bound its driver for HID, which shows the sizes of reports', async () => {
    await using rig = new BusRig();
    await rig.bus.list();
    const device = rig.plug({ interfaces: [hid({ number: 0 })] });
    await rig.clock.advance(100);
    assert.deepEqual(await rig.bus.list(), []);

    rig.sysfs.write(device, { '0/0003:0D28:0204.0007/report_descriptor': REPORT_DESCRIPTOR });
    await rig.clock.advance(25);

    assert.equal((await rig.only()).interfaces[0].hidReports?.inputSizeBytes, 64);
  });

  it('is listed when it has a configuration', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    const { configDescriptor } = device;
    device.configDescriptor = undefined;
    assert.deepEqual(await rig.bus.list(), []);

    device.configDescriptor = configDescriptor;
    await rig.clock.advance(25);

    assert.equal((await rig.only()).interfaces.length, 1);
  });

  it('is not waited for longer than a second: its names may never come', async () => {
    await using rig = new BusRig();
    rig.plug({ interfaces: [hid({ iInterface: 4 })] });
    await rig.bus.list();

    await rig.clock.advance(990);
    assert.deepEqual(await rig.bus.list(), []);

    await rig.clock.advance(50);
    assert.equal((await rig.bus.list()).length, 1);
  });

  it('and not ours yet is listed as soon as it is', async () => {
    await using rig = new BusRig();
    await rig.bus.list();
    const device = rig.plug({}, {}, { denied: true });
    await rig.clock.advance(300);
    assert.deepEqual(await rig.bus.list(), []);

    rig.sysfs.grant(device);
    await rig.clock.advance(25);

    assert.equal((await rig.only()).accessible, true);
  });

  it('and not ours after two seconds is listed as such', async () => {
    await using rig = new BusRig();
    await rig.bus.list();
    rig.plug({}, {}, { denied: true });

    await rig.clock.advance(1990);
    assert.deepEqual(await rig.bus.list(), []);

    await rig.clock.advance(50);
    assert.equal((await rig.only()).accessible, false);
  });
});

describe('a device that the system has not let in', () => {
  it('is listed without interfaces, and with them within a second after it is let in, which no event tells', async () => {
    await using rig = new BusRig();
    await rig.bus.list();
    const device = rig.plug({ interfaces: [bulk({ iInterface: 4 })] });
    const { configDescriptor } = device;
    device.configDescriptor = undefined; // sysfs: authorized is 0
    await rig.clock.advance(60_000);
    assert.deepEqual((await rig.only()).interfaces, []);
    let told = 0;
    rig.bus.subscribe(() => told++);

    device.configDescriptor = configDescriptor;
    await rig.clock.advance(1000);
    rig.sysfs.write(device, { '0/interface': 'CMSIS-DAP\n' });
    await rig.clock.advance(25);

    assert.ok(told > 0);
    assert.equal((await rig.only()).interfaces[0].name, 'CMSIS-DAP');
  });

  it('is looked at once a second, no more often', async () => {
    await using rig = new BusRig();
    const device = rig.plug();
    let looks = 0;
    Object.defineProperty(device, 'configDescriptor', { get: () => (looks++, undefined) });
    await rig.bus.list();
    await rig.clock.advance(2000); // until then it may just be new
    looks = 0;

    await rig.clock.advance(10_000);

    assert.ok(looks >= 9 && looks <= 11, String(looks));
  });
});

describe('a device that is refused to us', () => {
  it('and was there before us is listed at once, and seen within a second when that changes', async () => {
    await using rig = new BusRig();
    const device = rig.plug({}, {}, { denied: true });
    assert.equal((await rig.only()).accessible, false);
    let told = 0;
    rig.bus.subscribe(() => told++);

    rig.sysfs.grant(device);
    await rig.clock.advance(1000);

    assert.equal(told, 1);
    assert.equal((await rig.only()).accessible, true);
  });
});

describe('a subscriber', () => {
  it('hears of plug and unplug, and of nothing that changes nothing', async () => {
    await using rig = new BusRig();
    await rig.bus.list();
    const heard: number[] = [];
    rig.bus.subscribe(() => heard.push(rig.usb.devices.length));

    const device = rig.plug();
    await rig.clock.advance(0);
    rig.plug({ ports: [7], address: 9, deviceClass: 9 }); // a hub
    await rig.clock.advance(60_000);
    rig.unplug(device);
    await rig.clock.advance(0);

    assert.deepEqual(heard, [1, 1]);
  });

  it('hears of what no event told within ten seconds', async () => {
    await using rig = new BusRig();
    await rig.bus.list();
    let told = 0;
    rig.bus.subscribe(() => told++);

    const device = rig.plug({}, {}, { event: false });
    await rig.clock.advance(10_000);
    assert.equal(told, 1);

    const { key } = await rig.only();
    const connection = await rig.bus.open(key, 0);
    rig.unplug(device, { event: false });
    await rig.clock.advance(10_000);
    assert.equal(told, 2);
    assert.ok(connection.gone.aborted);
  });

  it('hears nothing after it has left', async () => {
    await using rig = new BusRig();
    await rig.bus.list();
    let told = 0;
    rig.bus.subscribe(() => told++)[Symbol.dispose]();

    rig.plug();
    await rig.clock.advance(10_000);

    assert.equal(told, 0);
  });
});

describe('a device that libusb was never told of', () => {
  it('is served when libusb has been started anew, and the others stay open', async () => {
    await using rig = new BusRig();
    rig.plug({ ports: [1], address: 4 });
    const { key } = await rig.only();
    const connection = await rig.bus.open(key, 0);
    const missed = new FakeDevice({ ports: [2], address: 5 });
    rig.sysfs.add(missed, { bDeviceClass: '00\n' });
    rig.usbAnew.devices.push(new FakeDevice({ ports: [1], address: 4 }), missed);
    let told = 0;
    rig.bus.subscribe(() => told++);

    await rig.clock.advance(21_000);

    assert.equal(told, 1);
    assert.deepEqual(await rig.paths(), ['1-1', '1-2']);
    assert.ok(!connection.gone.aborted);
    assert.deepEqual(
      rig.warnings.map(([message, fields]) => [message, fields?.missed]),
      [['libusb has missed devices and is started anew', ['1-2:5']]],
    );
    assert.equal(rig.usbAnew.isReferenced, false);

    rig.sysfs.remove(missed);
    rig.usbAnew.unplug(missed); // an event of the new one
    await rig.clock.advance(0);
    assert.equal(told, 2);
    assert.deepEqual(await rig.paths(), ['1-1']);
  });

  it('does not make it start anew more than once a minute, nor for a hub, nor for one that has just come', async () => {
    let starts = 0;
    const usbAnew = new FakeUsb();
    await using rig = new BusRig({ startAnew: () => (starts++, usbAnew) });
    await rig.bus.list();
    rig.sysfs.add(new FakeDevice({ ports: [3], address: 6 }), { bDeviceClass: '09\n' });
    await rig.clock.advance(60_000);
    const late = new FakeDevice({ ports: [1], address: 4 });
    rig.sysfs.add(late);
    await rig.bus.list();
    await rig.clock.advance(9000);
    rig.usb.plug(late);
    await rig.clock.advance(60_000);
    assert.equal(starts, 0);

    for (const address of [5, 6, 7]) {
      rig.sysfs.add(new FakeDevice({ ports: [address], address }));
      await rig.clock.advance(20_000);
    }
    assert.equal(starts, 1);
    await rig.clock.advance(30_000);
    assert.equal(starts, 2);
  });

  it('is not seen, and the others are, where libusb does not start again', async () => {
    await using rig = new BusRig();
    rig.plug({ ports: [1], address: 4 });
    rig.usbAnew.INIT_ERROR = -99;
    rig.sysfs.add(new FakeDevice({ ports: [2], address: 5 }));
    await rig.bus.list();

    await rig.clock.advance(21_000);

    assert.equal(rig.warnings.length, 1);
    assert.deepEqual(await rig.paths(), ['1-1']);
  });

  it('does not make it start anew twice for the same device: what it costs is never given back', async () => {
    let starts = 0;
    const usbAnew = new FakeUsb();
    await using rig = new BusRig({ startAnew: () => (starts++, usbAnew) });
    await rig.bus.list();
    const unknown = new FakeDevice({ ports: [2], address: 5 });
    rig.sysfs.add(unknown); // and the new libusb does not know it either

    await rig.clock.advance(600_000);
    assert.equal(starts, 1);

    rig.sysfs.remove(unknown);
    await rig.bus.list();
    rig.sysfs.add(unknown);
    await rig.clock.advance(600_000);
    assert.equal(starts, 2);
  });

  it('does not make it start anew where many come, and each is known in its time', async () => {
    let starts = 0;
    await using rig = new BusRig({ startAnew: () => (starts++, new FakeUsb()) });
    await rig.bus.list();
    const devices = Array.from({ length: 8 }, (_, i) => new FakeDevice({ ports: [i + 1], address: i + 1 }));

    rig.sysfs.add(devices[0]);
    for (const [i, device] of devices.entries()) {
      if (i + 1 < devices.length) rig.sysfs.add(devices[i + 1]);
      await rig.clock.advance(4000);
      rig.usb.plug(device);
      await rig.bus.list();
    }

    assert.equal(starts, 0);
    assert.equal(rig.usb.devices.length, 8);
  });
});

describe('the bus', () => {
  it('does not keep the process alive, and leaves no timer behind', async () => {
    const rig = new BusRig();
    await rig.bus.list();
    assert.equal(rig.usb.isReferenced, false);

    await rig[Symbol.asyncDispose]();

    assert.equal(rig.clock.pending, 0);
  });

  it('ends when its last look has', async () => {
    let described = (): void => undefined;
    class SlowSource extends OpeningSource {
      override async describe(device: NativeDevice): Promise<DeviceTexts> {
        await new Promise<void>((resolve) => (described = resolve));
        return super.describe(device);
      }
    }
    const rig = new BusRig({ source: new SlowSource() });
    rig.plug();
    const listing = rig.bus.list();
    let hasEnded = false;

    const ending = rig[Symbol.asyncDispose]().then(() => (hasEnded = true));
    await settle();
    assert.ok(!hasEnded);
    described();

    await Promise.all([listing, ending]);
    assert.equal(rig.clock.pending, 0);
  });

  it('goes on when one device cannot be understood', async () => {
    await using rig = new BusRig();
    const odd = rig.plug({ ports: [1], address: 4 });
    Object.defineProperty(odd, 'configDescriptor', {
      get: () => {
        throw Object.assign(new Error('LIBUSB_ERROR_IO'), { errno: -1 });
      },
    });
    rig.plug({ ports: [2] });

    assert.deepEqual(await rig.paths(), ['1-2']);
  });
});

describe('a machine without USB', () => {
  it('has an empty list, and says why once', async () => {
    await using rig = new BusRig();
    rig.sysfs[Symbol.dispose]();

    assert.deepEqual(await rig.bus.list(), []);
    await rig.clock.advance(60_000);

    assert.deepEqual(rig.warnings, [['no USB on this machine', { reason: `there is no ${rig.sysfs.roots.devices}` }]]);
  });

  it('may also be one where libusb does not start', async () => {
    await using rig = new BusRig();
    rig.usb.INIT_ERROR = -99;

    assert.deepEqual(await rig.bus.list(), []);

    assert.match(String(rig.warnings[0]?.[1]?.reason), /libusb cannot be started \(error -99\)/);
  });
});
