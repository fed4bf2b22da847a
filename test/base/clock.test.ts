import assert from 'node:assert/strict';
import { waitAtMost } from '../../src/base/clock.js';
import { FakeClock } from '../support/fake-clock.js';

describe('waitAtMost', () => {
  it('is over with the promise, and leaves no timer', async () => {
    const clock = new FakeClock();
    await waitAtMost(1000, Promise.resolve(), clock);
    assert.equal(clock.pending, 0);
  });

  it('is over when its time is', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    const waiting = waitAtMost(1000, new Promise(() => undefined), clock).then(() => seen.push('over'));
    await clock.advance(999);
    assert.deepEqual(seen, []);
    await clock.advance(1);
    await waiting;
  });

  it('rejects with the promise, and leaves no timer', async () => {
    const clock = new FakeClock();
    await assert.rejects(waitAtMost(1000, Promise.reject(new Error('no')), clock), /no/);
    assert.equal(clock.pending, 0);
  });
});
