import assert from 'node:assert/strict';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { ProbeDisconnectedError } from '../../src/probe/errors.js';
import type { Traffic } from '../../src/server/connection.js';
import { ReplyBatch } from '../../src/server/reply-batch.js';
import { TestServer } from './test-server.js';

/** A clock whose event loop turns when the test says so, and of which no request takes any time. */
class HeldTurns {
  readonly #due: (() => void)[] = [];

  readonly clock: Clock = {
    ...systemClock,
    now: () => 0, // or a slow machine would have a turn made between two requests
    immediate: (callback) => {
      this.#due.push(callback);
      return { [Symbol.dispose]: () => undefined };
    },
  };

  get scheduled(): number {
    return this.#due.length;
  }

  turn(): void {
    for (const callback of this.#due.splice(0)) callback();
  }
}

const read = (id: number): string => `{"id": ${id}, "request": "read_dp", "arguments": [0]}\n`;

/** What has gone over the one connection once so many requests are done. */
async function traffic({ server }: TestServer, requests: number, act: () => void): Promise<Traffic> {
  act();
  const until = performance.now() + 10_000;
  for (;;) {
    const seen = server.clients.at(0)?.traffic;
    if (seen && seen.requests >= requests) return seen;
    assert.ok(performance.now() < until, `${seen?.requests} of ${requests} requests are done`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('ReplyBatch', () => {
  it('sends what came in one turn of the event loop at its end, in order', () => {
    const turns = new HeldTurns();
    const sent: string[] = [];
    const batch = new ReplyBatch(turns.clock, () => true);
    for (const client of ['a', 'b', 'c']) batch.add(() => sent.push(client), false);
    assert.deepEqual([sent.length, turns.scheduled], [0, 1]);
    turns.turn();
    batch.add(() => sent.push('d'), false);
    assert.equal(sent.join(' '), 'a b c');
    turns.turn();
    assert.equal(sent.join(' '), 'a b c d');
  });

  it('puts nothing off where only one client can have a reply, but what another reply of its own may follow', () => {
    const turns = new HeldTurns();
    const sent: string[] = [];
    const batch = new ReplyBatch(turns.clock, () => false);
    batch.add(() => sent.push('a'), false);
    assert.deepEqual([sent, turns.scheduled], [['a'], 0]);
    batch.add(() => sent.push('b'), true);
    assert.deepEqual([sent, turns.scheduled], [['a'], 1]);
  });

  it('sends the reply to a client that is alone, and waits for it, in the turn that it is made in', async () => {
    const turns = new HeldTurns();
    await using test = await TestServer.start({ clock: turns.clock });
    await using client = await test.client();

    assert.deepEqual(await client.request('read_dp', 0), { id: 0, status: 0, result: 0x0bc11477 });
  });

  it('joins the replies to a client that pipelines', async () => {
    const turns = new HeldTurns();
    await using test = await TestServer.start({ clock: turns.clock });
    await using client = await test.client();
    const before = await traffic(test, 1, () => client.send(read(0)));

    const after = await traffic(test, 51, () => client.send(Array.from({ length: 50 }, (_, i) => read(i)).join('')));
    assert.equal(after.bytesOut, before.bytesOut);
    turns.turn();

    for (const id of [0, ...Array.from({ length: 50 }, (_, i) => i)]) assert.equal((await client.reply()).id, id);
  });

  it('lets no more than 64 KB be joined', async () => {
    const turns = new HeldTurns();
    await using test = await TestServer.start({ clock: turns.clock });
    await using client = await test.client();
    await client.request('hello', 1);
    test.lease.words = new Uint32Array(10_000).fill(0xffffffff); // 110 KB a reply

    client.send('{"id": 1, "request": "read_ap_multiple", "arguments": [12, 10000]}\n'.repeat(10));

    for (let i = 0; i < 10; i++) assert.equal((await client.reply()).id, 1); // without a turn of the event loop
  });

  it('sends what was made before it sends FIN', async () => {
    const turns = new HeldTurns();
    await using test = await TestServer.start({ clock: turns.clock });
    await using client = await test.client();
    await using other = await test.client();
    other.send(read(1));
    client.socket.end(read(2));

    assert.equal((await client.reply()).id, 2);
    assert.equal(await client.end(), 'FIN');
    turns.turn();
    assert.equal((await other.reply()).id, 1);
  });

  it('loses no reply of a client that is dropped before it was sent', async () => {
    const turns = new HeldTurns();
    await using test = await TestServer.start({ clock: turns.clock });
    await using client = await test.client();
    await using other = await test.client();
    other.send('{"id": 7, "request": "hello", "arguments": [1]}\n');
    client.send('{"id": 1, "request": "hello", "arguments": [1]}\n');
    while (turns.scheduled === 0 || test.server.clients.some(({ traffic }) => traffic.requests === 0)) {
      await new Promise((resolve) => setImmediate(resolve));
    }

    const dropped = test.server.dropAll(new ProbeDisconnectedError('the server is shutting down'));

    assert.deepEqual(await client.reply(), { id: 1, status: 0 });
    assert.deepEqual(await other.reply(), { id: 7, status: 0 });
    await dropped;
  });
});
