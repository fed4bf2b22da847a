import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import type { HidDeviceInfo, NativeHid, NativeHidDevice } from '../../../src/usb/hid/native-hid.js';
import { openHid } from '../../../src/usb/hid/open-hid.js';
import type { UsbConnection } from '../../../src/usb/usb-bus.js';
import { UsbError } from '../../../src/usb/usb-error.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { hidInterface, usbDevice } from '../../probe/scripted-usb.js';

const IN = 0x84;
const OUT = 0x05;
const timeout = { timeoutMs: 100 };

/** Stands in for node-hid: a list of devices, and one that is opened. */
class FakeHid implements NativeHid {
  devices: HidDeviceInfo[] = [{ path: 'p1', serialNumber: 'A1', interface: -1, usagePage: 0xff00 }];
  readonly opened: string[] = [];
  readonly written: number[][] = [];
  /** What `write` waits for. */
  writing: Promise<unknown> = Promise.resolve();
  closed = 0;
  report: (report: Uint8Array) => void = () => undefined;
  fail: (error: unknown) => void = () => undefined;

  devicesAsync(): Promise<readonly HidDeviceInfo[]> {
    return Promise.resolve(this.devices);
  }

  readonly HIDAsync = {
    open: async (path: string): Promise<NativeHidDevice> => {
      if (path === 'refused') throw new Error('cannot open device');
      this.opened.push(path);
      return {
        on: (event: string, listener: (value: never) => void) =>
          Object.assign(this, { [event === 'data' ? 'report' : 'fail']: listener }),
        write: async (report) => {
          this.written.push([...report]);
          await this.writing;
          return report.length;
        },
        close: async () => {
          this.closed++;
        },
      };
    },
  };
}

class Rig {
  readonly hid = new FakeHid();
  readonly clock = new FakeClock();
  readonly gone = new AbortController();
  readonly device = usbDevice({ interfaces: [hidInterface()] });

  open(interfaceNumber = 1): Promise<UsbConnection> {
    const place = { device: this.device, interfaceNumber, gone: this.gone.signal };
    return openHid(async () => this.hid, place, this.clock);
  }
}

describe('a HID interface on macOS', () => {
  it('is found by serial number, interface and usage page', async () => {
    const rig = new Rig();
    rig.hid.devices = [
      { path: 'other probe', serialNumber: 'B2', interface: 1, usagePage: 0xff00 },
      { path: 'other interface', serialNumber: 'A1', interface: 2, usagePage: 0xff00 },
      { path: 'keyboard', serialNumber: 'A1', interface: 1, usagePage: 1 },
      { path: 'it', serialNumber: 'A1', interface: 1, usagePage: 0xff00 },
    ];

    await rig.open();

    assert.deepEqual(rig.hid.opened, ['it']);
  });

  it('is not found where the system has none', async () => {
    const rig = new Rig();
    rig.hid.devices = [];

    await assert.rejects(rig.open(), { kind: 'io', message: /no HID device for interface 1/ });
  });

  it('is not found where the system cannot be asked', async () => {
    const rig = new Rig();
    rig.hid.devicesAsync = () => Promise.reject(new Error('no HID service'));

    await assert.rejects(rig.open(), { kind: 'io', message: /no HID service/ });
  });

  it('cannot be opened without the package', async () => {
    const { device, clock, gone } = new Rig();
    const place = { device, interfaceNumber: 1, gone: gone.signal };

    await assert.rejects(
      openHid(() => Promise.reject(new Error('not installed')), place, clock),
      { kind: 'io', message: /node-hid is missing/ },
    );
  });

  it('that is refused is told as such', async () => {
    const rig = new Rig();
    rig.hid.devices = [{ path: 'refused', interface: 1 }];

    await assert.rejects(rig.open(), { kind: 'io', message: /cannot open device/ });
  });

  it('sends reports with id 0 before them', async () => {
    const rig = new Rig();
    await using connection = await rig.open();

    await connection.transferOut(OUT, Uint8Array.of(1, 2), timeout);
    await connection.setReport(Uint8Array.of(3), timeout);

    assert.deepEqual(rig.hid.written, [
      [0, 1, 2],
      [0, 3],
    ]);
  });

  it('gives reports to whoever waits, in order, and keeps those nobody waits for', async () => {
    const rig = new Rig();
    await using connection = await rig.open();
    const waiting = [connection.transferIn(IN, 64, timeout), connection.transferIn(IN, 64, timeout)];

    for (const byte of [1, 2, 3]) rig.hid.report(Uint8Array.of(byte));

    assert.deepEqual(await Promise.all(waiting), [Uint8Array.of(1), Uint8Array.of(2)]);
    assert.deepEqual(await connection.transferIn(IN, 64, timeout), Uint8Array.of(3));
  });

  it('keeps no more than a system would', async () => {
    const rig = new Rig();
    await using connection = await rig.open();

    for (let byte = 0; byte < 70; byte++) rig.hid.report(Uint8Array.of(byte));
    for (let byte = 0; byte < 64; byte++)
      assert.deepEqual(await connection.transferIn(IN, 64, timeout), Uint8Array.of(byte));

    const none = assert.rejects(connection.transferIn(IN, 64, timeout), { kind: 'timeout' });
    await rig.clock.advance(100);
    await none;
  });

  it('does not give a report to a reader whose time is over', async () => {
    const rig = new Rig();
    await using connection = await rig.open();
    const late = assert.rejects(connection.transferIn(IN, 64, timeout), { kind: 'timeout' });
    await rig.clock.advance(100);
    await late;

    rig.hid.report(Uint8Array.of(1));

    assert.deepEqual(await connection.transferIn(IN, 64, timeout), Uint8Array.of(1));
    assert.equal(rig.clock.pending, 0);
  });

  it('does not give a report that is longer than what was asked for', async () => {
    const rig = new Rig();
    await using connection = await rig.open();
    rig.hid.report(new Uint8Array(65));

    await assert.rejects(connection.transferIn(IN, 64, timeout), { kind: 'overflow' });
  });

  it('leaves nothing at the signal of its attachment, which may be opened often', async () => {
    const rig = new Rig();
    const connection = await rig.open();

    await connection[Symbol.asyncDispose]();

    assert.deepEqual(getEventListeners(rig.gone.signal, 'abort'), []);
  });

  it('ends a read with its signal', async () => {
    const rig = new Rig();
    await using connection = await rig.open();
    const cancel = new AbortController();
    const reading = connection.transferIn(IN, 64, { ...timeout, signal: cancel.signal });

    cancel.abort(new Error('enough'));

    await assert.rejects(reading, /enough/);
  });

  it('fails what waits when the device leaves, when reading fails, and when it is closed', async () => {
    const endings: readonly (readonly [kind: string, end: (rig: Rig, connection: UsbConnection) => unknown])[] = [
      ['gone', ({ gone }) => gone.abort(new UsbError('gone', 'left'))],
      ['io', ({ hid }) => hid.fail(new Error('could not read'))],
      ['io', (_rig, connection) => connection[Symbol.asyncDispose]()],
    ];
    for (const [kind, end] of endings) {
      const rig = new Rig();
      await using connection = await rig.open();
      const reading = assert.rejects(connection.transferIn(IN, 64, timeout), { kind });

      await end(rig, connection);

      await reading;
      await assert.rejects(connection.transferOut(OUT, Uint8Array.of(1), timeout), { kind });
    }
  });

  it('closes when the report on its way has gone, and once', async () => {
    const rig = new Rig();
    let written = (): void => undefined;
    rig.hid.writing = new Promise<void>((resolve) => (written = resolve));
    const connection = await rig.open();
    const late = assert.rejects(connection.transferOut(OUT, Uint8Array.of(1), timeout), { kind: 'timeout' });
    await rig.clock.advance(100);
    await late;

    const closing = connection[Symbol.asyncDispose]();
    await settle();
    assert.equal(rig.hid.closed, 0);
    written();
    await closing;
    await connection[Symbol.asyncDispose]();

    assert.equal(rig.hid.closed, 1);
  });
});
