import assert from 'node:assert/strict';
import { didYouMean, nearest } from '../../src/base/nearest.js';

describe('a mistyped word', () => {
  const words = ['addresses', 'allow_remote', 'first_port', 'port_count', 'uid', 'usb_id'];

  for (const [typed, meant] of [
    ['adresses', 'addresses'],
    ['frist_port', 'first_port'],
    ['First_Port', 'first_port'],
    ['udi', 'uid'],
    ['allow', 'allow_remote'],
    ['firts', 'first_port'],
  ] as const) {
    it(`${typed} was meant to be ${meant}`, () => assert.deepEqual(nearest(typed, words), [meant]));
  }

  it('is not guessed when nothing is near', () => {
    for (const typed of ['posted_writes', 'x', 'u', '']) {
      assert.deepEqual(nearest(typed, words), []);
      assert.equal(didYouMean(nearest(typed, words)), undefined);
    }
  });

  it('may have been meant to be several: the nearest comes first, whole words before beginnings', () => {
    assert.deepEqual(nearest('bnech', ['bench-left', 'trench', 'bench']), ['bench', 'bench-left']);
    assert.deepEqual(nearest('SIM1', ['SIM0003', 'SIM0002', 'SIM0001', 'SIM0004']), ['SIM0001', 'SIM0002', 'SIM0003']);
    assert.equal(didYouMean(nearest('stop', ['step', 'stoop'])), 'did you mean step or stoop?');
  });
});
