// Prints the Homebrew formula of a package for npm, whose bytes are what will be published:
//
//   node scripts/packaging/formula.js dist/npm/probed-1.2.0.tgz

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const [tarball = ''] = process.argv.slice(2);
const template = path.join(import.meta.dirname, '../../packaging/homebrew/probed.rb.in');
const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex');
process.stdout.write(
  readFileSync(template, 'utf8').replace('@TARBALL@', path.basename(tarball)).replace('@SHA256@', sha256),
);
