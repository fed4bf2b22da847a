import assert from 'node:assert/strict';
import { normalPrincipal } from '../../src/daemon/principal.js';

describe('a principal that somebody has typed', () => {
  for (const [typed, normal] of [
    ['user:ada', 'user:ada'],
    ['addr:192.0.2.7', 'addr:192.0.2.7'],
    ['addr:2001:DB8:0:0::7', 'addr:2001:db8::7'],
    ['addr:::FFFF:192.0.2.7', 'addr:192.0.2.7'],
    ['addr:::ffff:c000:0207', 'addr:192.0.2.7'],
    ['addr:0:0:0:0:0:ffff:c000:207', 'addr:192.0.2.7'],
  ] as const) {
    it(`is as clients have it: ${typed}`, () => assert.equal(normalPrincipal(typed), normal));
  }

  it('has to be an address where it says so', () => {
    assert.throws(() => normalPrincipal('addr:192.0.2'), /"192.0.2" is no IPv4 or IPv6 address/);
  });
});
