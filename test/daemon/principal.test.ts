import assert from 'node:assert/strict';
import { RequestError } from '../../src/base/errors.js';
import { normalPrincipal } from '../../src/daemon/principal.js';
import { startWorld } from '../support/world.js';

const users = { nameOf: async (uid: number) => (uid === 1000 ? 'ada' : undefined) };

describe('a principal that an operator types', () => {
  const good: readonly (readonly [typed: string, normal: string])[] = [
    ['user:ada', 'user:ada'],
    ['uid:1000', 'user:ada'],
    ['uid:0001000', 'user:ada'],
    ['uid:7', 'uid:7'],
    ['uid:007', 'uid:7'],
    ['uid:4294967294', 'uid:4294967294'],
    ['addr:192.0.2.7', 'addr:192.0.2.7'],
    ['addr:2001:DB8:0:0::7', 'addr:2001:db8::7'],
    ['addr:::FFFF:192.0.2.7', 'addr:192.0.2.7'],
    ['addr:0:0:0:0:0:ffff:c000:0207', 'addr:192.0.2.7'],
    ['addr:FE80:0::7%eth0', 'addr:fe80::7%eth0'],
  ];
  for (const [typed, normal] of good) {
    it(`${typed} is ${normal}`, async () => {
      assert.equal(await normalPrincipal(typed, users), normal);
    });
  }

  const bad: readonly (readonly [typed: string, message: RegExp])[] = [
    ['uid:4294967295', /"4294967295" is the number of no user/],
    [`uid:${'9'.repeat(250)}`, /is the number of no user/],
    ['addr:192.0.2', /"192.0.2" is no IPv4 or IPv6 address/],
    ['addr:192.0.2.7%eth0', /192.0.2.7 has no scope: leave "%eth0" out/],
    ['addr:2001:db8::7%eth0', /has no scope/],
    ['addr:fe80::7', /fe80::7 is another machine on every link: name this one's interface, as in "fe80::7%eth0"/],
  ];
  for (const [typed, message] of bad) {
    it(`${typed.slice(0, 24)} is refused`, async () => {
      await assert.rejects(normalPrincipal(typed, users), (error: unknown) => {
        assert(error instanceof RequestError);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it('by number reserves for the user of that number', async () => {
    await using world = await startWorld();
    world.plug({ uid: 'A1' });
    await world.event('served', 'A1');

    const { reservation } = await world.daemon.reserve('A1', { principal: 'uid:00', lengthMs: 60_000 }, undefined);

    assert.equal(reservation.principal, 'user:root');
  });
});
