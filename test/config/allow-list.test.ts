import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AllowList, allowListProblem } from '../../src/config/allow-list.js';

describe('a list of other machines', () => {
  const cases: readonly [entry: string, inside: readonly string[], outside: readonly string[]][] = [
    ['192.0.2.7', ['192.0.2.7'], ['192.0.2.8', '192.0.2.70', '2001:db8::7']],
    ['192.0.2.128/25', ['192.0.2.128', '192.0.2.255'], ['192.0.2.127', '192.0.3.128']],
    ['0.0.0.0/0', ['192.0.2.7', '255.255.255.255'], ['2001:db8::7', '::1']],
    ['2001:DB8:0::7', ['2001:db8::7'], ['2001:db8::8', '192.0.2.7']],
    ['2001:db8::/33', ['2001:db8:7fff::1'], ['2001:db8:8000::1', '2001:db9::1']],
    ['::/0', ['2001:db8::7', 'fe80::1%eth0'], ['192.0.2.7']],
    ['fe80::/10', ['fe80::1%eth0', 'febf::1'], ['fec0::1']],
    ['any', ['192.0.2.7', '2001:db8::7', 'fe80::1%eth0'], []],
  ];
  for (const [entry, inside, outside] of cases) {
    it(`with ${entry} lets in ${inside.join(', ')}, and not ${outside.join(', ')}`, () => {
      const list = new AllowList([entry]);

      assert.equal(allowListProblem(entry), undefined);
      assert.deepEqual(
        [...inside, ...outside].filter((address) => list.has(address)),
        inside,
      );
    });
  }

  it('lets in whom any of its entries lets in, and nobody where there is none', () => {
    const list = new AllowList(['192.0.2.7', '198.51.100.0/24', '2001:db8::/64']);

    const addresses = ['192.0.2.7', '198.51.100.9', '2001:db8::1', '203.0.113.1'];
    assert.deepEqual(
      addresses.filter((address) => list.has(address)),
      addresses.slice(0, 3),
    );
    assert.deepEqual(
      addresses.filter((address) => new AllowList([]).has(address)),
      [],
    );
  });

  const problems: readonly [entry: string, problem: RegExp][] = [
    ['', /no address/],
    ['lab.example', /names of machines are not looked up/],
    ['192.0.2', /no address/],
    ['192.0.2.07', /no address/],
    ['192.0.2.7-9', /no address/],
    ['ANY', /no address/],
    ['fe80::1%eth0', /no scope/],
    ['::ffff:192.0.2.7', /written as such/],
    ['0:0:0:0:0:ffff:c000:0207', /written as such/],
    ['0::ffff:c000:0/112', /written as such/],
    ['192.0.2.0/', /prefix of an IPv4 network is 0 to 32/],
    ['192.0.2.0/33', /prefix of an IPv4 network is 0 to 32/],
    ['192.0.2.0/255.255.255.0', /prefix of an IPv4 network/],
    ['192.0.2.0/24/24', /prefix of an IPv4 network/],
    ['2001:db8::/129', /prefix of an IPv6 network is 0 to 128/],
    ['192.0.2.7/24', /not the first of its network/],
    ['2001:db8::7/64', /not the first of its network/],
  ];
  for (const [entry, problem] of problems) {
    it(`does not take ${JSON.stringify(entry)}`, () => assert.match(allowListProblem(entry) ?? '', problem));
  }

  it('takes every entry without a problem, whatever is written', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(200)).map(([address, prefix]) => `${address}/${prefix}`),
    );
    fc.assert(
      fc.property(text, (entry) => {
        if (allowListProblem(entry) === undefined) new AllowList([entry]).has('192.0.2.7');
      }),
    );
  });
});
