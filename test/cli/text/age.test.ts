import assert from 'node:assert/strict';
import { age, remaining } from '../../../src/cli/text/age.js';

const NOW = new Date('2026-01-01T01:00:00.000Z');

describe('a time, as a table has room for it', () => {
  const ages: readonly (readonly [time: string, text: string])[] = [
    ['2026-01-01T00:59:55.001Z', '4s'],
    ['2026-01-01T00:00:01.000Z', '59m'],
    ['2025-12-30T01:00:01.000Z', '47h'],
    ['2025-12-30T01:00:00.000Z', '2d'],
    ['2026-01-01T01:00:05.000Z', '0s'], // of a machine whose clock is ahead
    ['yesterday', '?'],
  ];
  for (const [time, text] of ages) it(`is ${text} ago for ${time}`, () => assert.equal(age(time, NOW), text));

  it('is what was asked for when it was asked for a moment ago', () => {
    assert.equal(remaining('2026-01-01T01:09:59.980Z', NOW), '10m');
    assert.equal(remaining('2026-01-01T02:29:59.980Z', NOW), '1h');
    assert.equal(remaining('2026-01-01T00:59:00.000Z', NOW), '0s');
  });
});
