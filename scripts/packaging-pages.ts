// What is installed with the daemon and says what the code says: written by `npx tsx scripts/packaging-pages.ts`, and
// compared with it by a test.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { instanceUnit } from './packaging/instance-unit.js';
import { udevRules } from './packaging/udev-rules.js';

const root = path.join(import.meta.dirname, '..');

/** Each file's text, made anew. */
export const packagingPages: Readonly<Record<string, () => string>> = {
  'packaging/systemd/60-probed.rules': udevRules,
  'packaging/systemd/probed@.service': () =>
    instanceUnit(readFileSync(path.join(root, 'packaging/systemd/probed.service'), 'utf8')),
};

if (process.argv[1] === import.meta.filename) {
  for (const [file, render] of Object.entries(packagingPages)) {
    const target = path.join(root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, render());
  }
}
