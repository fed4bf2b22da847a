import assert from 'node:assert/strict';
import { formatDuration, parseDuration } from '../../src/control/duration.js';

describe('a length of time', () => {
  for (const text of ['1s', '90m', '1h30m', '1d', '2d3h4m5s', '999999d'])
    it(`of ${text} is written as it is read`, () => {
      const ms = parseDuration(text);

      assert.equal(parseDuration(formatDuration(ms)), ms);
    });

  it('is written with the largest units', () => {
    assert.deepEqual([0, 400, 1000, 60_000, 5_400_000, 86_400_000, 93_784_600].map(formatDuration), [
      '0s',
      '0s',
      '1s',
      '1m',
      '1h30m',
      '1d',
      '1d2h3m5s',
    ]);
  });
});
