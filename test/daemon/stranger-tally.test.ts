import assert from 'node:assert/strict';
import { StrangerTally } from '../../src/daemon/stranger-tally.js';
import { FakeClock } from '../support/fake-clock.js';

function tally(): { readonly clock: FakeClock; readonly told: string[]; readonly strangers: StrangerTally } {
  const told: string[] = [];
  const clock = new FakeClock();
  const strangers = new StrangerTally({ clock, tell: (...what) => told.push(what.join(' ')) });
  return { clock, told, strangers };
}

describe('a stranger that knocks', () => {
  it('is told of at once, and after a minute how often it came again', async () => {
    const { clock, told, strangers } = tally();

    for (let i = 0; i < 5; i++) strangers.note('192.0.2.9', 'not for you');
    strangers.note('192.0.2.8', 'not for you');
    assert.deepEqual(told, ['addr:192.0.2.9 not for you', 'addr:192.0.2.8 not for you']);

    await clock.advance(60_000);
    assert.deepEqual(told.slice(2), ['addr:192.0.2.9 not for you 4']);
    strangers.note('192.0.2.9', 'not for you');
    assert.equal(told.length, 4);
  });

  it('is told of when the server ends', () => {
    const { told, strangers } = tally();
    for (let i = 0; i < 3; i++) strangers.note('192.0.2.9', 'no');

    strangers[Symbol.dispose]();

    assert.deepEqual(told, ['addr:192.0.2.9 no', 'addr:192.0.2.9 no 2']);
  });

  it('from a thousand addresses makes a hundred lines, and one for the rest', async () => {
    const { clock, told, strangers } = tally();

    for (let i = 0; i < 1000; i++) strangers.note(`2001:db8::${i}`, 'no');
    await clock.advance(60_000);

    assert.equal(told.length, 101);
    assert.equal(told.at(-1), 'others no 900');
  });
});
