import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type AdvertisedProbe,
  fromTxt,
  instanceName,
  isAdvertisable,
  toTxt,
} from '../../src/discovery/advertised-probe.js';

const probe: AdvertisedProbe = {
  uid: 'E6616407E3646B29',
  name: 'bench-left',
  vendorId: 0x2e8a,
  productId: 0xc,
  product: 'Debug Probe (CMSIS-DAP)',
  target: 'rp2040',
  state: 'ready',
  host: 'lab1',
  port: 5555,
};
const place = { port: 5555, host: '192.0.2.7' };

/** The strings of a record, as they are on the wire. */
function strings(...texts: readonly string[]): readonly Uint8Array[] {
  return texts.map((text) => new TextEncoder().encode(text));
}

function onTheWire(told: AdvertisedProbe): readonly Uint8Array[] {
  return strings(...Object.entries(toTxt(told)).map(([key, text]) => `${key}=${text}`));
}

describe('the TXT record of a probe', () => {
  it('tells what docs/discovery.md says, and is read back', () => {
    assert.deepEqual(toTxt(probe), {
      txtvers: '1',
      uid: 'E6616407E3646B29',
      name: 'bench-left',
      vid: '2e8a',
      pid: '000c',
      product: 'Debug Probe (CMSIS-DAP)',
      target: 'rp2040',
      state: 'ready',
      host: 'lab1',
      port: '5555',
    });
    assert.deepEqual(fromTxt(onTheWire(probe), place), probe);
  });

  it('has no string over 255 bytes, and is cut between characters', () => {
    const long = { ...probe, product: 'é'.repeat(300) };

    const record = onTheWire(long);

    assert.ok(record.every(({ length }) => length <= 255));
    assert.equal(fromTxt(record, place)?.product, 'é'.repeat(123)); // 255 − "product=", two bytes each
  });

  it('is not made for a uid that does not fit, which cut short would be another', () => {
    assert.equal(isAdvertisable({ uid: 'é'.repeat(125) }), true); // 4 + 250 bytes
    assert.equal(isAdvertisable({ uid: 'é'.repeat(126) }), false);
  });

  it('counts in its first string of a key, in either case (RFC 6763, 6.4)', () => {
    const read = fromTxt(strings('UID=A1', 'uid=B2', 'vid=0d28', 'pid=0204', 'flag', '=x', 'port=1'), place);

    assert.deepEqual([read?.uid, read?.port, read?.host], ['A1', 5555, '192.0.2.7']);
  });
});

describe('a TXT record of somebody who means no good', () => {
  const told = (...more: string[]): AdvertisedProbe | undefined =>
    fromTxt(strings(...more, 'uid=A1', 'vid=0d28', 'pid=0204', 'host=lab', 'state=ready'), place);

  it('is no record with what controls a terminal, or turns text around', () => {
    assert.equal(told('product=\x1b]0;title\x07'), undefined);
    assert.equal(told('product=\x9b2J'), undefined);
    assert.equal(told('product=a\u202eb'), undefined);
    assert.equal(fromTxt([Uint8Array.of(0x75, 0x69, 0x64, 0x3d, 0xff)], place), undefined); // "uid=" and no UTF-8
  });

  it('gets nothing into a command that is pasted into a shell', () => {
    assert.equal(told('target=x;reboot')?.target, undefined);
    assert.equal(told('target=--pack=/tmp/evil')?.target, undefined);
    assert.equal(told('name=$(reboot)')?.name, undefined);
    assert.equal(told('host=lab;reboot')?.host, '192.0.2.7');
    assert.equal(told('state=\u200bready'), undefined);
    assert.equal(told('state=READY NOW')?.state, 'unknown');
  });

  it('is no record without uid, ids or port', () => {
    assert.equal(fromTxt(strings('vid=0d28', 'pid=0204'), place), undefined);
    assert.equal(fromTxt(strings('uid=A1', 'vid=0d2', 'pid=0204'), place), undefined);
    assert.equal(fromTxt(strings('uid=A1', 'vid=0d28', 'pid=0204'), { ...place, port: 0 }), undefined);
  });

  it('never breaks its reader', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 255 }), { maxLength: 12 }), (record) => {
        fromTxt([...record, ...strings('uid=A1', 'vid=0d28', 'pid=0204')], place);
      }),
    );
  });
});

describe('the name of a service', () => {
  it('is that of the probe, or its uid, and of its machine', () => {
    assert.equal(instanceName(probe), 'bench-left on lab1');
    assert.equal(instanceName({ uid: 'usb-1-2.4', host: 'lab1.example.org' }), 'usb-1-2-4 on lab1-example-org');
  });

  it('fits into a label with a number behind it', () => {
    const name = instanceName({ uid: 'é'.repeat(200), host: 'ü'.repeat(200) });

    assert.ok(new TextEncoder().encode(`${name} (12)`).length <= 63);
    assert.match(name, /^é+ on ü+$/);
  });
});
