import assert from 'node:assert/strict';
import { Sparingly } from '../../src/daemon/sparingly.js';
import { FakeClock } from '../support/fake-clock.js';

describe('what happens without end', () => {
  it('is told once, and again after the period', async () => {
    const clock = new FakeClock();
    const sparingly = new Sparingly({ clock, periodMs: 1000, most: 10 });

    const told = ['a', 'a', 'b', 'a'].map((what) => sparingly.mayTell(what));
    await clock.advance(999);
    const early = sparingly.mayTell('a');
    await clock.advance(1);

    assert.deepEqual(told, [true, false, true, false]);
    assert.equal(early, false);
    assert.equal(sparingly.mayTell('a'), true);
    assert.equal(sparingly.mayTell('a'), false);
  });

  it('in ever new forms is told a few times in a period', async () => {
    const clock = new FakeClock();
    const sparingly = new Sparingly({ clock, periodMs: 1000, most: 3 });
    const tell = (): number =>
      Array.from({ length: 100 }, (_, i) => sparingly.mayTell(String(i))).filter(Boolean).length;

    const first = tell();
    await clock.advance(1000);

    assert.equal(first, 3);
    assert.equal(tell(), 3);
  });
});
