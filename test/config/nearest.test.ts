import assert from 'node:assert/strict';
import { nearest } from '../../src/config/nearest.js';

describe('a mistyped word', () => {
  const words = ['addresses', 'allow_remote', 'first_port', 'port_count', 'uid', 'usb_id'];

  for (const [typed, meant] of [
    ['adresses', 'addresses'],
    ['frist_port', 'first_port'],
    ['First_Port', 'first_port'],
    ['udi', 'uid'],
    ['allow', 'allow_remote'],
  ] as const) {
    it(`${typed} was meant to be ${meant}`, () => assert.equal(nearest(typed, words), meant));
  }

  it('is not guessed when nothing is near', () => {
    assert.equal(nearest('posted_writes', words), undefined);
    assert.equal(nearest('x', words), undefined);
    assert.equal(nearest('u', words), undefined);
  });
});
