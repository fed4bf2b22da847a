import assert from 'node:assert/strict';
import { silentLogger } from '../../../src/base/logger.js';
import { ProbeAccessError, ProbeBusyError, ProbeDisconnectedError, ProbeError } from '../../../src/probe/errors.js';
import { findDriver } from '../../../src/probe/drivers.js';
import { cmsisDapDriver } from '../../../src/probe/cmsis-dap/cmsis-dap-driver.js';
import { findDapInterfaces } from '../../../src/probe/cmsis-dap/interfaces.js';
import { DP } from '../../../src/dap/registers.js';
import type { UsbDeviceInfo } from '../../../src/usb/usb-bus.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { bulkInterface, hidInterface, ScriptedDevice, type Step, usbDevice } from '../scripted-usb.js';
import { infoSteps, inStep, NEVER, openProbe } from './opened-probe.js';

function candidates(changes: Partial<UsbDeviceInfo>): [string, number][] | undefined {
  return findDapInterfaces(usbDevice(changes))?.candidates.map(({ version, number }) => [version, number]);
}

/** An interface without a string. */
function nameless<T extends { readonly name?: string }>(named: T): Omit<T, 'name'> {
  const { name, ...rest } = named;
  assert.ok(name);
  return rest;
}

describe('a device is taken for a CMSIS-DAP probe', () => {
  it('by its interface name, product name or ids, in that order', () => {
    const byInterface = cmsisDapDriver.match(usbDevice());
    const byProduct = cmsisDapDriver.match(
      usbDevice({ product: 'X CMSIS-DAP', interfaces: [nameless(bulkInterface())] }),
    );
    const byId = cmsisDapDriver.match(
      usbDevice({ vendorId: 0x1fc9, productId: 0x0143, interfaces: [nameless(hidInterface())] }),
    );

    const scores = [byInterface, byProduct, byId].map((match) => match?.score ?? 0);
    assert.deepEqual(
      scores,
      [...scores].sort((a, b) => b - a),
    );
    assert.equal(new Set(scores).size, 3);
    assert.ok(scores.every((score) => score > 0));
    assert.equal(findDriver(usbDevice())?.driver.family, 'cmsis-dap');
  });

  it('with the names of its descriptors, or its ids where there are none', () => {
    const { manufacturer, product, ...unnamed } = usbDevice();

    assert.equal(cmsisDapDriver.match(usbDevice())?.vendor, manufacturer);
    assert.equal(cmsisDapDriver.match(usbDevice())?.product, product);
    assert.equal(cmsisDapDriver.match(unnamed)?.vendor, '0x1209');
    assert.equal(cmsisDapDriver.match(unnamed)?.product, '0x0001');
  });

  it('with the spelling of WCH-Link', () => {
    assert.deepEqual(candidates({ interfaces: [bulkInterface({ name: 'WCH CMSIS_DAP' })] }), [['v2', 0]]);
  });

  it('with class 0, if its interface is named so (KitProg3)', () => {
    assert.deepEqual(candidates({ interfaces: [bulkInterface({ classCode: 0 })] }), [['v2', 0]]);
    assert.equal(
      candidates({ product: 'CMSIS-DAP', interfaces: [nameless(bulkInterface({ classCode: 0 }))] }),
      undefined,
    );
  });

  it('with the named one of several HID interfaces, else the lowest', () => {
    const others = [hidInterface({ number: 4, name: 'Bridge' }), hidInterface({ number: 2, name: 'Vendor' })];

    assert.deepEqual(candidates({ interfaces: [...others, hidInterface({ number: 7 })] }), [['v1', 7]]);
    assert.deepEqual(candidates({ product: 'MCU-Link CMSIS-DAP', interfaces: others }), [['v1', 2]]);
  });
});

describe('a device is not taken for a CMSIS-DAP probe', () => {
  it('if nothing says so', () => {
    assert.equal(candidates({ interfaces: [nameless(bulkInterface())] }), undefined);
    assert.equal(cmsisDapDriver.match(usbDevice({ interfaces: [] })), undefined);
  });

  it('if two unnamed bulk interfaces could be it', () => {
    const interfaces = [nameless(bulkInterface()), nameless(bulkInterface({ number: 1 }))];

    assert.equal(candidates({ product: 'CMSIS-DAP', interfaces }), undefined);
  });

  it('through an unnamed HID interface beside a named bulk one, unless it is the only one of a device named so', () => {
    const [bulk, hid, other] = [bulkInterface(), nameless(hidInterface()), nameless(hidInterface({ number: 2 }))];

    assert.deepEqual(candidates({ product: 'Board', interfaces: [bulk, hid] }), [['v2', 0]]);
    assert.deepEqual(candidates({ product: 'My CMSIS-DAP', interfaces: [bulk, hid, other] }), [['v2', 0]]);
    assert.deepEqual(candidates({ product: 'My CMSIS-DAP', interfaces: [bulk, hid] }), [
      ['v2', 0],
      ['v1', 1],
    ]);
  });

  it('with SWO on a third endpoint that is none for bulk input', () => {
    const [out, answer, swo] = bulkInterface().endpoints;
    const swoOf = (endpoints: UsbDeviceInfo['interfaces'][number]['endpoints']): unknown => {
      const [found] = findDapInterfaces(usbDevice({ interfaces: [bulkInterface({ endpoints })] }))?.candidates ?? [];
      return found.version === 'v2' && found.endpoints.swo?.address;
    };

    assert.equal(swoOf([out, answer, swo]), swo.address);
    assert.equal(swoOf([out, answer, { ...swo, transferType: 'interrupt' }]), undefined);
    assert.equal(swoOf([out, answer, { ...out, address: 0x03 }]), undefined);
  });

  it('if its endpoints are not OUT, IN', () => {
    const [out, answer] = bulkInterface().endpoints;

    assert.equal(candidates({ interfaces: [bulkInterface({ endpoints: [answer, out] })] }), undefined);
    assert.equal(candidates({ interfaces: [bulkInterface({ endpoints: [out] })] }), undefined);
  });
});

describe('opening a probe', () => {
  const refusals = [
    ['access', ProbeAccessError],
    ['busy', ProbeBusyError],
    ['gone', ProbeDisconnectedError],
    ['io', ProbeError],
  ] as const;
  for (const [kind, errorClass] of refusals) {
    it(`fails with a ${errorClass.name} if USB answers "${kind}"`, async () => {
      const device = new ScriptedDevice();
      device.opens.push(kind);

      await assert.rejects(openProbe(device), errorClass);
    });
  }

  it('fails with the error of the better interface if no interface can be claimed', async () => {
    const device = new ScriptedDevice();
    device.opens.push('access', 'io');

    await assert.rejects(openProbe(device, { interfaces: [hidInterface(), bulkInterface()] }), ProbeAccessError);
  });

  for (const kind of ['access', 'io'] as const) {
    it(`takes v1 if v2 cannot be opened: ${kind}`, async () => {
      const device = new ScriptedDevice(...infoSteps());
      device.opens.push(kind);

      const { probe } = await openProbe(device, { interfaces: [hidInterface(), bulkInterface()] });

      assert.match(String(probe.details.interface), /v1/);
      assert.deepEqual(device.opened, [bulkInterface().number, hidInterface().number]);
    });
  }

  it('takes v1 if v2 does not answer, and stays with it', async () => {
    const silent = Array<Step>(16).fill({ out: '010000' });
    const device = new ScriptedDevice(...silent, ...infoSteps(), { out: '05 00 01 02…' });
    const { probe } = await openProbe(device, { interfaces: [hidInterface(), bulkInterface()] });
    await assert.rejects(probe.dap.readDp(DP.DPIDR, NEVER), /does not answer/);

    device.expect(inStep, { out: '05 00 01 02…', in: ['05 01 01 7724b10b'] });
    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x0bb12477);

    assert.match(String(probe.details.interface), /v1/);
    assert.deepEqual(
      device.opened,
      [bulkInterface(), hidInterface(), hidInterface()].map(({ number }) => number),
    );
  });

  it('does not try the other interface of a probe that is busy', async () => {
    const device = new ScriptedDevice();
    device.opens.push('busy');

    await assert.rejects(openProbe(device, { interfaces: [hidInterface(), bulkInterface()] }), ProbeBusyError);
    assert.deepEqual(device.opened, [bulkInterface().number]);
  });

  it('says that a probe is busy if that is what is wrong with the other interface', async () => {
    const device = new ScriptedDevice();
    device.opens.push('io', 'busy');

    await assert.rejects(openProbe(device, { interfaces: [hidInterface(), bulkInterface()] }), ProbeBusyError);
  });

  it('warns of a debugprobe whose firmware loses data, and gives it one packet at a time', async () => {
    // raspberrypi/debugprobe issue 46; bcdDevice is its version.
    const old = { vendorId: 0x2e8a, productId: 0x000c, deviceVersion: 0x0210 };
    const fourPackets = infoSteps({ packetCount: '01 04' });

    const { probe } = await openProbe(new ScriptedDevice(...fourPackets), old);
    const { probe: mended } = await openProbe(new ScriptedDevice(...fourPackets), { ...old, deviceVersion: 0x0220 });

    assert.match(cmsisDapDriver.match(usbDevice(old))?.warning?.remedy ?? '', /update debugprobe to 2\.2\.0/);
    assert.equal(probe.details.packetCount, 1);
    assert.equal(cmsisDapDriver.match(usbDevice({ ...old, deviceVersion: 0x0220 }))?.warning, undefined);
    assert.equal(mended.details.packetCount, 4);
  });

  it('ends with the signal, and lets go of the interface', async () => {
    const abort = new AbortController();
    const device = new ScriptedDevice(inStep);
    const context = { uid: 'A1', bus: device, clock: new FakeClock(), log: silentLogger };
    const opening = cmsisDapDriver.open(usbDevice(), context, abort.signal);
    abort.abort(new Error('stop'));

    await assert.rejects(opening, /stop/);
    assert.equal(device.closed, 1);
  });
});

describe('a probe that is unplugged', () => {
  it('during an exchange: the exchange and all later ones say so', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 01 02' });
    const { probe } = await openProbe(device);

    const reading = probe.dap.readDp(DP.DPIDR, NEVER);
    device.unplug();

    await assert.rejects(reading, ProbeDisconnectedError);
    await assert.rejects(probe.dap.readDp(DP.DPIDR, NEVER), ProbeDisconnectedError);
    await probe[Symbol.asyncDispose]();
    device.done();
  });

  it('is told from a broken one by waiting for the detach', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 01 02', in: ['io'] });
    const { probe, clock } = await openProbe(device);

    const reading = probe.dap.readDp(DP.DPIDR, NEVER);
    const seen = assert.rejects(reading, ProbeDisconnectedError);
    await clock.advance(499);
    device.unplug();

    await seen;
    assert.equal(clock.pending, 0);
  });

  it('is taken for broken if no detach follows', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 01 02', outFails: 'stall' });
    const { probe, clock } = await openProbe(device);

    const seen = assert.rejects(probe.dap.readDp(DP.DPIDR, NEVER), (error: unknown) => {
      return error instanceof ProbeError && error.cause instanceof Error;
    });
    await settle();
    await clock.advance(500);

    await seen;
  });
});
