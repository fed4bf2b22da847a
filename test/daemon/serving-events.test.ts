import assert from 'node:assert/strict';
import type { Frozen } from '../../src/control/frozen.js';
import type { DaemonEvent } from '../../src/control/daemon-events.js';
import { startWorld, type World } from '../support/world.js';

const ADA = '127.0.0.2';
const BOB = '127.0.0.3';

/** The events of a type so far. */
function told(world: World, type: DaemonEvent['type']): readonly Frozen<DaemonEvent>[] {
  return world.daemon.events.since(0).flatMap(({ event }) => (event.type === type ? [event] : []));
}

describe('an event about a client', () => {
  it('says who it is and where it connects from, also of the lock that it took or lost', async () => {
    const listen = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n';
    await using world = await startWorld({ config: `${listen}[limits]\nlock_idle_timeout = 0.1\n` });
    world.plug({ uid: 'A1' });
    const ada = await world.client('A1', ADA);
    const bob = await world.client('A1', BOB);
    await ada.result('open');
    await bob.result('open');
    await ada.result('lock');

    await bob.result('lock'); // after the time that she may be silent

    const one = { uid: 'A1', client: 1, address: `${ADA}:${ada.socket.localPort}`, principal: `addr:${ADA}` };
    const two = { uid: 'A1', client: 2, address: `${BOB}:${bob.socket.localPort}`, principal: `addr:${BOB}` };
    assert.deepEqual(told(world, 'client-in'), [
      { type: 'client-in', ...one },
      { type: 'client-in', ...two },
    ]);
    assert.deepEqual(told(world, 'lock-taken'), [
      { type: 'lock-taken', ...one },
      { type: 'lock-taken', ...two },
    ]);
    assert.deepEqual(told(world, 'lock-lost'), [
      { type: 'lock-lost', ...one, to: two.client, toAddress: two.address, toPrincipal: two.principal },
    ]);
  });
});

describe('a client that goes', () => {
  const ways: readonly (readonly [how: string, reason: string, go: (world: World) => Promise<unknown>])[] = [
    [
      'because an operator drops it',
      'an operator ended this connection (probectl kick)',
      (world) => world.daemon.kick('A1', { client: 1 }, 'user:ada'),
    ],
    [
      'because its probe is disabled',
      'probe A1 is not served any more',
      (world) => world.daemon.setEnabled('A1', false),
    ],
  ];
  for (const [how, reason, go] of ways) {
    it(`${how} is told so`, async () => {
      await using world = await startWorld();
      world.plug({ uid: 'A1' });
      const client = await world.client('A1', ADA);
      await client.result('hello', 1);
      const out = world.event('client-out', 'A1');

      await go(world);

      const address = `${ADA}:${client.socket.localPort}`;
      assert.deepEqual(await out, {
        ...{ type: 'client-out', uid: 'A1', client: 1, address, principal: `addr:${ADA}`, reason },
      });
    });
  }

  it('by itself: its connection ended', async () => {
    await using world = await startWorld();
    world.plug({ uid: 'A1' });
    const client = await world.client('A1', ADA);
    await client.result('hello', 1);
    const out = world.event('client-out', 'A1');

    client.socket.end();

    const event = await out;
    assert(event.type === 'client-out');
    assert.equal(event.reason, 'its connection ended');
  });
});
