import assert from 'node:assert/strict';
import { takeFirst } from '../../src/base/take-first.js';

describe('the first entry of a map that suits', () => {
  const map = (): Map<string, number> => new Map([['a', 1], ['b', 2], ['c', 2]]); // prettier-ignore

  it('is taken out of it, by value or key, and no other', () => {
    const [byValue, byKey] = [map(), map()];

    assert.equal(
      takeFirst(byValue, (value) => value === 2),
      2,
    );
    assert.deepEqual([...byValue.keys()], ['a', 'c']);
    assert.equal(
      takeFirst(byKey, (_, key) => key > 'b'),
      2,
    );
    assert.deepEqual([...byKey.keys()], ['a', 'b']);
  });

  it('may not be there', () => {
    const all = map();

    assert.equal(
      takeFirst(all, (value) => value > 2),
      undefined,
    );
    assert.equal(all.size, 3);
  });
});
