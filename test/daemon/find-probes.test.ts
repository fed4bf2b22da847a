import assert from 'node:assert/strict';
import { findProbes } from '../../src/daemon/find-probes.js';
import { probeTable } from '../../src/usb/probe-table.js';
import { deviceKey, type UsbDeviceInfo } from '../../src/usb/usb-bus.js';
import { hidInterface, usbDevice } from '../probe/scripted-usb.js';

/** Devices in consecutive sockets. */
function devices(...changes: Partial<UsbDeviceInfo>[]): UsbDeviceInfo[] {
  return changes.map((change, i) => usbDevice({ key: deviceKey(`k${i}`), portPath: `1-${i + 1}`, ...change }));
}

/** The uids that probes with these serial numbers get. */
function serials(...all: (string | undefined)[]): string[] {
  const plugged = devices(...all.map((serial) => (serial === undefined ? {} : { serial })));
  return findProbes(plugged.map((device, i) => (all[i] === undefined ? omitSerial(device) : device))).found.map(
    ({ uid }) => uid,
  );
}

function omitSerial(device: UsbDeviceInfo): UsbDeviceInfo {
  const { serial, ...rest } = device;
  assert.ok(serial);
  return rest;
}

describe('the uid of a probe', () => {
  it('is its serial number, in any script, without blanks around it', () => {
    assert.deepEqual(serials('E6616407E3646B29', ' A 1 ', 'Prüfer-7', '調試器'), [
      'E6616407E3646B29',
      'A 1',
      'Prüfer-7',
      '調試器',
    ]);
  });

  it('is made of its socket where there is no serial number, or one that is no text', () => {
    const garbage = ['\u0001\u0002', '\uffff\uffff', 'A\u0000', 'x\ufffd', '\u202egnp', '\ud800'];

    assert.deepEqual(
      serials(undefined, '', '   ', ...garbage),
      [1, 2, 3, 4, 5, 6, 7, 8, 9].map((port) => `usb-1-${port}`),
    );
  });

  it('is another one for each of several with the same serial number', () => {
    assert.deepEqual(serials('0001', '0001 ', '0001'), ['0001', 'usb-1-2', 'usb-1-3']);
  });

  it('does not fall together with a serial number that looks like a socket', () => {
    assert.deepEqual(serials('usb-1-2', ''), ['usb-1-2', 'usb-1-2-2']);
  });

  it('stays while the probe is there, whoever comes and goes', () => {
    const [first, second] = devices({ serial: 'A1' }, { serial: 'A1' });
    const known = new Map([[second.key, 'usb-1-2']]);

    assert.deepEqual(
      findProbes([second], known).found.map(({ uid }) => uid),
      ['usb-1-2'],
    );
    assert.deepEqual(
      findProbes([first, second], known).found.map(({ uid }) => uid),
      ['A1', 'usb-1-2'],
    );
  });
});

describe('a probe that cannot be served', () => {
  const interfaces: UsbDeviceInfo['interfaces'] = [];

  for (const { vendorId, productIds, name, support } of probeTable) {
    if (support.kind !== 'not-served') continue;
    it(`is named with the reason: ${name}`, () => {
      for (const productId of productIds) {
        const { found, unserved } = findProbes([usbDevice({ vendorId, productId, interfaces })]);

        assert.deepEqual(found, []);
        assert.deepEqual(
          unserved.map(({ uid, reason }) => [uid, reason]),
          [['A1', support.reason]],
        );
      }
    });
  }

  it('goes by the name of its ids where it has none of its own', () => {
    const stLink = usbDevice({ vendorId: 0x0483, productId: 0x3748, interfaces });
    const { product, ...nameless } = stLink;

    assert.equal(findProbes([stLink]).unserved[0].product, product);
    assert.equal(findProbes([nameless]).unserved[0].product, 'ST-Link');
  });

  it('may be a CMSIS-DAP probe that is in another mode', () => {
    const massStorage = { ...hidInterface(), name: 'MSC', classCode: 0x08 };
    const { unserved } = findProbes([
      usbDevice({ vendorId: 0x0d28, productId: 0x0204, product: 'Bootloader', interfaces: [massStorage] }),
    ]);

    assert.match(unserved[0].reason, /no CMSIS-DAP interface/);
  });

  it('may be one that the system keeps out', () => {
    const { unserved } = findProbes([usbDevice({ vendorId: 0x0d28, productId: 0x0204, interfaces: [] })]);

    assert.match(unserved[0].reason, /USBGuard/);
  });

  it('is served where it says that it speaks CMSIS-DAP', () => {
    const jLink = usbDevice({ vendorId: 0x1366, productId: 0x1020, interfaces: [hidInterface()] });

    assert.deepEqual(
      findProbes([jLink]).found.map(({ uid }) => uid),
      ['A1'],
    );
  });

  it('does not take the serial number of one that can', () => {
    const [stLink, probe] = devices({ vendorId: 0x0483, productId: 0x3748, interfaces }, {});

    const { found, unserved } = findProbes([stLink, probe]);

    assert.deepEqual([found[0].uid, unserved[0].uid], ['A1', 'usb-1-1']);
  });
});

describe('a device that is no probe', () => {
  it('is passed over, also with ids that probes share with others', () => {
    const ids = { vendorId: 0x0483, productId: 0x572a };

    const { found, unserved } = findProbes(devices({ interfaces: [] }, { ...ids, interfaces: [] }));

    assert.deepEqual([...found, ...unserved], []);
  });
});

describe('the table of known probes', () => {
  it('names no ids twice', () => {
    const ids = probeTable.flatMap(({ vendorId, productIds }) => productIds.map((id) => `${vendorId}:${id}`));

    assert.equal(new Set(ids).size, ids.length);
  });
});
