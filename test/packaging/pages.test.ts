import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packagingPages } from '../../scripts/packaging-pages.js';

const root = path.join(import.meta.dirname, '../..');

describe('what is installed beside the daemon', () => {
  for (const [file, render] of Object.entries(packagingPages)) {
    it(`has ${file} as the code makes it`, () => {
      const written = readFileSync(path.join(root, file), 'utf8');

      assert.equal(written, render(), 'run: npx tsx scripts/packaging-pages.ts');
    });
  }
});
