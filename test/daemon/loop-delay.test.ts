import assert from 'node:assert/strict';
import { createHistogram } from 'node:perf_hooks';
import { LoopDelay } from '../../src/daemon/loop-delay.js';
import { systemClock } from '../../src/base/clock.js';
import { FakeClock, settle } from '../support/fake-clock.js';

/** A loop whose turns are late as told, in milliseconds. */
function world() {
  const clock = new FakeClock();
  const counted = createHistogram();
  const delay = new LoopDelay(clock, {
    enable: () => undefined,
    disable: () => undefined,
    reset: () => counted.reset(),
    percentile: (percentile) => (counted.count === 0 ? 0 : counted.percentile(percentile)),
  });
  delay.begin();
  const turns = (count: number, lateMs: number): void => {
    for (let i = 0; i < count; i++) counted.record(Math.round((50 + lateMs) * 1e6));
  };
  return { clock, delay, turns };
}

describe('the delay of the event loop', () => {
  it('is that which 99 of 100 turns stay below', () => {
    const { delay, turns } = world();
    turns(985, 0.2);
    turns(15, 8);
    assert.ok(Math.abs(delay.p99Ms - 8) < 0.1, String(delay.p99Ms));
    turns(1000, 0.2);
    assert.ok(Math.abs(delay.p99Ms - 0.2) < 0.1, String(delay.p99Ms));
  });

  it('is 0 before anything was counted, and where a turn came early', () => {
    const { delay, turns } = world();
    assert.equal(delay.p99Ms, 0);
    turns(100, -0.3);
    assert.equal(delay.p99Ms, 0);
  });

  it('forgets what is over for two minutes, and nothing of the last one', async () => {
    const { clock, delay, turns } = world();
    turns(1000, 30);
    await clock.advance(60_000);
    turns(1000, 1);
    await clock.advance(59_000);
    assert.ok(delay.p99Ms > 29, String(delay.p99Ms));
    await clock.advance(1000);
    turns(1000, 1);
    assert.ok(Math.abs(delay.p99Ms - 1) < 0.1, String(delay.p99Ms));
  });

  it('is counted no more when nobody asks for it any more', async () => {
    const { clock, delay } = world();
    delay[Symbol.dispose]();
    await clock.advance(200_000);
    assert.equal(clock.pending, 0);
  });

  it('is seen in a process that was busy', async () => {
    using delay = new LoopDelay(systemClock);
    delay.begin();
    for (let i = 0; i < 50 && delay.p99Ms < 20; i++) {
      const until = performance.now() + 100;
      while (performance.now() < until); // the loop does not turn meanwhile
      await settle();
    }

    assert.ok(delay.p99Ms >= 20, String(delay.p99Ms));
  });
});
