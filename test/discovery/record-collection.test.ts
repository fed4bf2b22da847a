import assert from 'node:assert/strict';
import type { Answer } from 'dns-packet';
import fc from 'fast-check';
import { RecordCollection } from '../../src/discovery/record-collection.js';

const TYPE = '_probed._tcp.local';

interface Told {
  readonly name?: string;
  readonly host?: string;
  readonly uid?: string;
  readonly port?: number;
  readonly address?: string;
  readonly target?: string;
}

/** All records of one service, as a responder sends them together. */
function service({ name = 'A1 on lab1', host = 'lab1', uid = 'A1', port = 5555, ...more }: Told = {}) {
  const { address = '192.0.2.7', target = `probed-${port}-${host}.local` } = more;
  const fullName = `${name}.${TYPE}`;
  return {
    pointer: { type: 'PTR', name: TYPE, data: fullName, ttl: 4500 },
    srv: { type: 'SRV', name: fullName, data: { target, port } },
    txt: { type: 'TXT', name: fullName, data: [`uid=${uid}`, 'vid=0d28', 'pid=0204', `host=${host}`, 'state=ready'] },
    address: { type: address.includes(':') ? 'AAAA' : 'A', name: target, data: address },
  } as const satisfies Record<string, Answer>;
}

function taken(...packets: readonly (readonly Answer[])[]): RecordCollection {
  const records = new RecordCollection();
  for (const packet of packets) records.take(packet);
  return records;
}

describe('records of the probes of a network', () => {
  it('make a probe when all four have come, in whichever order', () => {
    const { pointer, srv, txt, address } = service();

    assert.deepEqual(taken([address, txt, srv, pointer]).probes(), [
      {
        ...{ uid: 'A1', vendorId: 0x0d28, productId: 0x0204, product: '', state: 'ready', host: 'lab1', port: 5555 },
        addresses: ['192.0.2.7'],
      },
    ]);
    assert.deepEqual(taken([pointer], [srv, txt], [address]).probes().length, 1);
  });

  it('that did not come along are asked for', () => {
    const { pointer, srv, txt, address } = service();
    const name = pointer.data.toLowerCase();

    assert.deepEqual(taken([pointer]).missing(), [
      { name, type: 'SRV' },
      { name, type: 'TXT' },
    ]);
    assert.deepEqual(taken([pointer, srv, txt]).missing(), [
      { name: srv.data.target, type: 'A' },
      { name: srv.data.target, type: 'AAAA' },
    ]);
    assert.deepEqual(taken([pointer, srv, txt, address]).missing(), []);
  });

  it('of a name that is written in another case are the same', () => {
    const { pointer, srv, txt, address } = service();
    const shouted = { ...srv, name: srv.name.toUpperCase() };

    assert.equal(taken([pointer, shouted, txt, { ...address, name: address.name.toUpperCase() }]).probes().length, 1);
  });

  it('of machines of one name stand in the order of their addresses, whichever came first', () => {
    const [ten, nine] = ['192.0.2.10', '192.0.2.9'].map((address, i) =>
      Object.values(service({ name: `A1 on lab1 (${i})`, target: `lab1-${i}.local`, address })),
    );

    for (const collection of [taken(ten, nine), taken(nine, ten)]) {
      assert.deepEqual(
        collection.probes().map(({ addresses }) => addresses[0]),
        ['192.0.2.9', '192.0.2.10'],
      );
    }
  });

  it('say goodbye, and the probe is not there', () => {
    const all = Object.values(service());

    assert.deepEqual(taken(all, [{ ...service().pointer, ttl: 0 }]).probes(), []);
  });

  it('of a probe that has moved are those of its new place: the old one has said goodbye', () => {
    const there = service({ name: 'A1 on lab2', host: 'lab2', address: '192.0.2.8' });

    const probes = taken(Object.values(service()), [{ ...service().pointer, ttl: 0 }], Object.values(there)).probes();

    assert.deepEqual(probes.map(({ host, addresses }) => [host, ...addresses]), [['lab2', '192.0.2.8']]); // prettier-ignore
  });

  it('of one name count by the newest', () => {
    const moved = service({ port: 6000, target: 'elsewhere.local', address: '192.0.2.9' });

    const [probe, ...others] = taken(Object.values(service()), Object.values(moved)).probes();

    assert.deepEqual([probe.port, probe.addresses, others], [6000, ['192.0.2.9'], []]);
  });

  it('of two machines with the same uid are two probes: cheap ones have their serial number in common', () => {
    const twin = service({ name: 'A1 on lab2', host: 'lab2', address: '192.0.2.8' });

    assert.equal(taken(Object.values(service()), Object.values(twin)).probes().length, 2);
  });

  it('have the addresses first that every client takes', () => {
    const { address } = service();
    const packet = [
      ...Object.values(service()),
      ...['fe80::7', '2001:db8::7'].map((data) => ({ ...address, type: 'AAAA' as const, data })),
    ];

    assert.deepEqual(taken(packet).probes()[0]?.addresses, ['192.0.2.7', '2001:db8::7', 'fe80::7']);
  });
});

describe('records of somebody who means no good', () => {
  const ipv4 = ['127.0.0.1', '0.0.0.0', '224.0.0.251', '255.255.255.255'];
  // However they are written: these are ::1, twice, and 192.0.2.7, of which an A record would tell.
  const ipv6 = ['::1', '::', 'ff02::1', '0:0:0:0:0:0:0:1', '::0:1', '::ffff:c000:207', '0:0:0:0:0:FFFF:192.0.2.7'];
  for (const address of [...ipv4, ...ipv6, 'lab']) {
    it(`do not lead to ${address}`, () => {
      assert.deepEqual(taken(Object.values(service({ address }))).probes(), []);
    });
  }

  it('of another type, or of no service, are not kept', () => {
    const { pointer, srv, txt, address } = service();

    assert.deepEqual(taken([{ ...pointer, data: 'A1._http._tcp.local' }, srv, txt, address]).probes(), []);
    assert.deepEqual(taken([srv, txt, address]).missing(), []);
  });

  it('fill no memory', () => {
    const records = new RecordCollection();
    for (let i = 0; i < 3000; i++) records.take(Object.values(service({ name: `${i} on lab` })));

    assert.equal(records.probes().length, 1024);
  });

  it('never break their reader', () => {
    const name = fc.oneof(fc.string(), fc.constant(TYPE), fc.constant(`x.${TYPE}`), fc.constant('h.local'));
    const answer = fc.oneof(
      fc.record({ type: fc.constant('PTR' as const), name, data: name, ttl: fc.nat(1) }),
      fc.record({
        type: fc.constant('SRV' as const),
        name,
        data: fc.record({ target: name, port: fc.nat(0xffff) }),
      }),
      fc.record({
        type: fc.constant('TXT' as const),
        name,
        data: fc.array(fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes))),
      }),
      fc.record({ type: fc.constant('A' as const), name, data: fc.oneof(fc.ipV4(), fc.string()) }),
    );
    fc.assert(
      fc.property(fc.array(answer), (packet) => {
        const records = taken(packet);
        records.missing();
        records.probes();
      }),
    );
  });
});
