import assert from 'node:assert/strict';
import type { ControlClient, EventItem } from '../../src/control/control-client.js';
import { EventHistory } from '../../src/control/event-history.js';
import { defaultControlLimits } from '../../src/control/limits.js';
import { FakeClock } from '../support/fake-clock.js';
import { ControlWorld } from './control-world.js';

async function take(client: ControlClient, count: number): Promise<string[]> {
  const taken: string[] = [];
  for await (const item of client.events(new AbortController().signal)) {
    taken.push(textOf(item));
    if (taken.length === count) break;
  }
  return taken;
}

function textOf(item: EventItem): string {
  return item.type === 'lost' ? `lost ${item.count}` : `${item.event.sequence} ${item.event.event.type}`;
}

describe('an operator who asks for events', () => {
  it('gets those that come, numbered, and none from before', async () => {
    await using world = await ControlWorld.start();
    world.daemon.events.add({ type: 'attached', uid: 'A1' });
    const client = await world.client();

    assert.deepEqual(await client.call('events', {}), { last: 1, pid: 4711 });
    world.daemon.events.add({ type: 'served', uid: 'A1', port: 5555 });
    world.daemon.events.add({ type: 'client-in', uid: 'A1', client: 1, address: '::1:4000', principal: 'user:ada' });

    assert.deepEqual(await take(client, 2), ['2 served', '3 client-in']);
  });

  it('gets what came after the last one it knows', async () => {
    await using world = await ControlWorld.start();
    for (const uid of ['A1', 'A2', 'A3']) world.daemon.events.add({ type: 'attached', uid });
    const client = await world.client();

    await client.call('events', { since: 1 });
    world.daemon.events.add({ type: 'stopping' });

    assert.deepEqual(await take(client, 3), ['2 attached', '3 attached', '4 stopping']);
  });

  it('gets all that is kept when its number is from a daemon that is gone', async () => {
    await using world = await ControlWorld.start();
    world.daemon.events.add({ type: 'attached', uid: 'A1' });
    const client = await world.client();

    await client.call('events', { since: 99 });

    assert.deepEqual(await take(client, 1), ['1 attached']);
  });

  it('is told how many are no longer kept', async () => {
    await using world = await ControlWorld.start();
    for (let i = 0; i < 1010; i++) world.daemon.events.add({ type: 'stopping' });
    const client = await world.client();

    await client.call('events', { since: 4 });

    assert.deepEqual(await take(client, 2), ['lost 6', '11 stopping']);
  });

  it('still gets answers to other requests', async () => {
    await using world = await ControlWorld.start();
    const client = await world.client();
    await client.call('events', {});

    assert.equal((await client.call('ping', {})).pid, 4711);
  });
});

describe('an operator who does not read its events', () => {
  it('loses the oldest, is told how many at the place where they are missing, and costs bounded memory', async () => {
    const limits = { ...defaultControlLimits, maxEventBacklog: 10 };
    await using world = await ControlWorld.start({ limits });
    const peer = await world.peer();
    peer.request(0, 'events');
    await peer.message();
    peer.socket.pause();

    const error = 'x'.repeat(1000);
    for (let i = 0; i < 2000; i++) world.daemon.events.add({ type: 'error', error });
    peer.socket.resume();

    let next = 1;
    let lost = 0;
    while (next <= 2000) {
      const message = (await peer.message()) as { type: string; data: { count: number; sequence: number } };
      if (message.type === 'lost') {
        lost += message.data.count;
        next += message.data.count;
      } else assert.equal(message.data.sequence, next++);
    }
    assert(lost > 1000, `${lost} were lost`);
  });
});

describe('the history of events', () => {
  it('tells each listener until it is disposed', () => {
    const history = new EventHistory(new FakeClock());
    const seen: string[] = [];
    const listener = history.subscribe(({ sequence, time }) => seen.push(`${sequence} ${time}`));

    history.add({ type: 'stopping' });
    listener[Symbol.dispose]();
    history.add({ type: 'stopping' });

    assert.deepEqual(seen, ['1 2026-01-01T00:00:00.000Z']);
    assert.equal(history.last, 2);
  });

  it('keeps the newest, and no more than it is told to', () => {
    const history = new EventHistory(new FakeClock(), 3);
    for (let i = 0; i < 100; i++) history.add({ type: 'stopping' });

    assert.deepEqual(
      history.since(0).map(({ sequence }) => sequence),
      [98, 99, 100],
    );
  });
});
