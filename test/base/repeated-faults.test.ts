import assert from 'node:assert/strict';
import { RepeatedFaults } from '../../src/base/repeated-faults.js';
import { FakeClock } from '../support/fake-clock.js';

function start(): { clock: FakeClock; faults: RepeatedFaults<string>; told: string[] } {
  const clock = new FakeClock();
  const told: string[] = [];
  return { clock, told, faults: new RepeatedFaults(clock, (fault, repeated) => told.push(`${fault} ${repeated}`)) };
}

describe('a fault that comes again and again', () => {
  it('is counted, and told tenfold, also when others come in between', () => {
    const { faults, told } = start();

    const repeated = Array.from({ length: 1001 }, () => [faults.count('A', 'A'), faults.count('B', 'B')]);

    assert.deepEqual(repeated.slice(0, 2), [
      [false, false],
      [true, true],
    ]);
    assert.deepEqual(told, ['A 10', 'B 10', 'A 100', 'B 100', 'A 1000', 'B 1000']);
  });

  it('is told for the last time a minute after it has ceased, and is new when it comes later', async () => {
    const { clock, faults, told } = start();
    faults.count('A', 'A');
    await clock.advance(30_000);
    faults.count('A', 'A');

    await clock.advance(59_999);
    assert.deepEqual(told, []);
    await clock.advance(1);

    assert.deepEqual([told, clock.pending], [['A 1'], 0]);
    assert.equal(faults.count('A', 'A'), false);
  });

  it('is told when the log ends, and leaves no timer', () => {
    const { clock, faults, told } = start();
    for (let i = 0; i < 12; i++) faults.count('A', 'A');

    faults[Symbol.dispose]();

    assert.deepEqual([told, clock.pending], [['A 10', 'A 11'], 0]);
  });

  it('is forgotten when a hundred others have come since', () => {
    const { faults, told } = start();
    for (let i = 0; i < 2; i++) faults.count('A', 'A');

    for (let i = 0; i < 100; i++) faults.count(`other ${i}`, `other ${i}`);

    assert.deepEqual(told, ['A 1']);
    assert.equal(faults.count('A', 'A'), false);
  });
});
