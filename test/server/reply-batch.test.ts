import assert from 'node:assert/strict';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { ProbeDisconnectedError } from '../../src/probe/errors.js';
import { ReplyBatch } from '../../src/server/reply-batch.js';
import { TestServer } from './test-server.js';

/** A clock whose event loop turns when the test says so. */
class HeldTurns {
  readonly #due: (() => void)[] = [];

  readonly clock: Clock = {
    ...systemClock,
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

describe('ReplyBatch', () => {
  it('sends what came in one turn of the event loop at its end, in order', () => {
    const turns = new HeldTurns();
    const sent: string[] = [];
    const batch = new ReplyBatch(turns.clock, () => true);
    for (const client of ['a', 'b', 'c']) batch.add(() => sent.push(client));
    assert.deepEqual([sent.length, turns.scheduled], [0, 1]);
    turns.turn();
    batch.add(() => sent.push('d'));
    assert.equal(sent.join(' '), 'a b c');
    turns.turn();
    assert.equal(sent.join(' '), 'a b c d');
  });

  it('puts nothing off where only one client can have a reply', () => {
    const turns = new HeldTurns();
    const sent: string[] = [];
    new ReplyBatch(turns.clock, () => false).add(() => sent.push('a'));
    assert.deepEqual([sent, turns.scheduled], [['a'], 0]);
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
