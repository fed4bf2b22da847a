import assert from 'node:assert/strict';
import type { Frozen } from '../../src/control/frozen.js';
import type { DaemonEvent } from '../../src/control/daemon-events.js';
import { connectSwd } from '../support/connect-swd.js';
import type { TestClient } from '../support/test-client.js';
import { startWorld, type World } from '../support/world.js';

const ADA = '127.0.0.2';
const BOB = '127.0.0.3';

/** The events of a type so far. */
function told(world: World, type: DaemonEvent['type']): readonly Frozen<DaemonEvent>[] {
  return world.daemon.events.since(0).flatMap(({ event }) => (event.type === type ? [event] : []));
}

describe('an event about a client', () => {
  it('says who it is and where it connects from, also of the lock that it lost', async () => {
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

describe('what clients do again and again', () => {
  /** Two clients that have the probe open. */
  async function pair(world: World): Promise<readonly [TestClient, TestClient]> {
    world.plug({ uid: 'A1' });
    const [one, two] = [await world.client('A1', ADA), await world.client('A1', BOB)];
    for (const client of [one, two]) await client.result('open');
    return [one, two];
  }

  it('leaves what else happened in the history: taking the lock in turns is no event', async () => {
    await using world = await startWorld();
    const clients = await pair(world);
    const before = world.daemon.events.last;

    for (let i = 0; i < 20; i++) {
      const client = clients[i % 2];
      for (const request of ['lock', 'unlock']) await client.result(request);
    }

    assert.deepEqual(world.daemon.events.since(before), []);
  });

  it('to the target of others is told once', async () => {
    await using world = await startWorld();
    const [one] = await pair(world);
    await connectSwd(one);

    for (let i = 0; i < 5; i++) for (const isLow of [true, false]) await one.result('assert_reset', isLow);

    assert.equal(told(world, 'target-reset').length, 1);
  });

  it('in vain is told once: a probe that another one has to itself', async () => {
    const listen = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n';
    await using world = await startWorld({ config: `${listen}[[probe]]\nuid = "A1"\nsharing = "exclusive"\n` });
    world.plug({ uid: 'A1' });
    const [one, two, three] = [await world.client('A1'), await world.client('A1'), await world.client('A1')];
    await one.result('open');

    for (let i = 0; i < 5; i++) for (const client of [two, three]) await client.request('open');

    const refused = told(world, 'refused').map((event) => (event.type === 'refused' ? event.client : 0));
    assert.deepEqual(refused, [2, 3]);
  });

  it('in vain is told of every one that comes', async () => {
    const listen = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n';
    await using world = await startWorld({ config: `${listen}[[probe]]\nuid = "A1"\nsharing = "exclusive"\n` });
    world.plug({ uid: 'A1' });
    const holder = await world.client('A1');
    await holder.result('open');

    for (let i = 0; i < 60; i++) {
      await using client = await world.client('A1');
      assert.equal((await client.request('open')).status, 1);
    }

    assert.equal(told(world, 'refused').length, 60);
  });

  it('by mistake is no error of the probe', async () => {
    await using world = await startWorld();
    const [one, two] = await pair(world);
    const stranger = await world.client('A1');
    await connectSwd(one);
    await one.result('swo_start', 115_200);

    const replies = [
      await stranger.request('read_dp', 0),
      await two.request('connect', 'JTAG'),
      await two.request('swo_start', 115_200),
    ];

    assert.deepEqual(
      replies.map(({ status }) => status),
      [3, 3, 3],
    );
    assert.deepEqual(told(world, 'error'), []);
    assert.deepEqual(world.daemon.show('A1').errors, []);
  });

  it('and what fails each time is told once, and kept with how often', async () => {
    await using world = await startWorld();
    const [one] = await pair(world);
    await one.result('connect', 'SWD');

    for (let i = 0; i < 30; i++) assert.equal((await one.request('read_dp', 4)).status, 10); // no line reset before

    assert.equal(told(world, 'error').length, 1);
    const [kept, ...more] = world.daemon.show('A1').errors;
    assert.match(kept.error, /^no ACK from the target/);
    assert.equal(kept.times, 30);
    assert.deepEqual(more, []);
  });
});
