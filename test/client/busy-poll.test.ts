import assert from 'node:assert/strict';
import { BusyPoll } from '../../src/client/busy-poll.js';
import { FakeClock, settle } from '../support/fake-clock.js';

/** Counts how often somebody has the event loop come round at once. */
class CountingClock extends FakeClock {
  looks = 0;

  override immediate(callback: () => void): Disposable {
    this.looks++;
    return super.immediate(callback);
  }

  /** How often in one turn of the event loop that takes so long. */
  async looksIn(ms: number): Promise<number> {
    const before = this.looks;
    this.stall(ms);
    await settle();
    return this.looks - before;
  }
}

const SHORT_MS = 0.125;
const FAR_MS = 1;

function start() {
  const clock = new CountingClock();
  const poll = new BusyPoll(clock);
  return { clock, poll, [Symbol.dispose]: () => poll[Symbol.dispose]() };
}

describe('BusyPoll', () => {
  it('looks for the reply of a server that was near, and for the next request behind it, for a while', async () => {
    using world = start();
    const { clock, poll } = world;
    poll.waits();
    assert.equal(await clock.looksIn(SHORT_MS), 0, 'nobody knows yet how near it is');
    poll.answered();
    poll.waits();
    assert.deepEqual([await clock.looksIn(SHORT_MS), await clock.looksIn(SHORT_MS)], [1, 1]);

    poll.answered();

    assert.deepEqual([await clock.looksIn(SHORT_MS), await clock.looksIn(SHORT_MS)], [1, 1]);
    assert.deepEqual([await clock.looksIn(SHORT_MS), await clock.looksIn(SHORT_MS)], [0, 0]);
    poll.waits();
    assert.equal(await clock.looksIn(SHORT_MS), 1, 'it is still near');
  });

  it('sleeps while it waits for a server that is far, or has become so', async () => {
    using world = start();
    const { clock, poll } = world;
    const ask = async (...turns: readonly number[]): Promise<readonly number[]> => {
      poll.waits();
      const looks: number[] = [];
      for (const ms of turns) looks.push(await clock.looksIn(ms));
      poll.answered();
      return looks;
    };
    assert.deepEqual(await ask(FAR_MS), [0]);
    assert.deepEqual(await ask(FAR_MS), [0]);
    assert.deepEqual(await ask(SHORT_MS), [0]);

    assert.deepEqual(await ask(SHORT_MS, SHORT_MS, SHORT_MS, FAR_MS), [1, 1, 0, 0], 'no longer than a near one takes');

    assert.deepEqual(await ask(FAR_MS), [0]);
  });

  it('measures the last of several requests under way', async () => {
    using world = start();
    const { clock, poll } = world;
    poll.waits();
    clock.stall(FAR_MS);
    poll.waits();
    poll.answered();
    clock.stall(FAR_MS);
    poll.answered();

    poll.waits();

    assert.equal(await clock.looksIn(SHORT_MS), 0);
  });

  it('sleeps when others need the processor, until the server answers at once again', async () => {
    using world = start();
    const { clock, poll } = world;
    poll.waits();
    poll.answered();
    poll.waits();
    assert.equal(await clock.looksIn(0), 1);

    assert.equal(await clock.looksIn(0.2), 0);

    poll.answered();
    poll.waits();
    assert.equal(await clock.looksIn(0), 1);
  });

  it('ends with its conversation', async () => {
    const { clock, poll } = start();
    poll.waits();
    poll.answered();
    poll.waits();
    assert.equal(await clock.looksIn(SHORT_MS), 1);

    poll[Symbol.dispose]();

    assert.equal(await clock.looksIn(0), 0);
  });
});
