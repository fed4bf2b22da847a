import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';

const root = path.join(import.meta.dirname, '../..');

describe('the Homebrew formula', () => {
  let formula: string;
  const tarballText = 'what npm pack has made';

  before(() => {
    const folder = mkdtempSync(path.join(tmpdir(), 'probed-formula-'));
    try {
      const tarball = path.join(folder, 'probed-1.2.0.tgz');
      writeFileSync(tarball, tarballText);
      const script = path.join(root, 'scripts/packaging/formula.js');
      formula = execFileSync(process.execPath, [script, tarball], { encoding: 'utf8' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('names the tarball that npm serves, and its checksum', () => {
    const sha256 = createHash('sha256').update(tarballText).digest('hex');

    assert.match(formula, /^ {2}url "https:\/\/registry\.npmjs\.org\/probed\/-\/probed-1\.2\.0\.tgz"$/m);
    assert.match(formula, new RegExp(`^ {2}sha256 "${sha256}"$`, 'm'));
    assert.doesNotMatch(formula, /@/);
  });

  it('installs files that are there', () => {
    const files = [...formula.matchAll(/(?:node_modules\/probed\/|install ")([\w./]+)"/g)].map(([, file]) => file);

    assert.equal(files.length, 4);
    for (const file of files) assert(existsSync(path.join(root, file)), file);
  });
});
