import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { policyNamed } from '../../src/client/request-policy.js';
import { declaredRequests } from '../../src/protocol/request-names.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/acceleration.md'), 'utf8');

describe('docs/acceleration.md', () => {
  it('has every request with what the helper does with it, and no other', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| \S.* \|$/gm)].map(([, name, policy]) => [name, policy]);

    assert.deepEqual(rows, declaredRequests.map(({ name }) => [name, policyNamed(name)])); // prettier-ignore
  });
});
