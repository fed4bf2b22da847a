// What is installed with the daemon and says what the code says: written by `npx tsx scripts/packaging-pages.ts`, and
// compared with it by a test.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { manPage } from './packaging/man-page.js';
import { instanceUnit } from './packaging/instance-unit.js';
import { udevRules } from './packaging/udev-rules.js';

const root = path.join(import.meta.dirname, '..');

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Each file's text, made anew. */
export const packagingPages: Readonly<Record<string, () => string>> = {
  'packaging/systemd/60-probed.rules': udevRules,
  'packaging/systemd/probed@.service': () => instanceUnit(read('packaging/systemd/probed.service')),
  'packaging/man/probed.8': () =>
    manPage({
      ...{ name: 'probed', section: 8, source: read('docs/probed.md') },
      summary: 'serves debug probes to pyOCD clients on the network',
      seeAlso: ['probectl(1)', 'probed.toml(5)', 'systemctl(1)'],
    }),
  'packaging/man/probectl.1': () =>
    manPage({
      ...{ name: 'probectl', section: 1, source: read('docs/probectl.md') },
      summary: 'shows and controls the probes that probed serves',
      seeAlso: ['probed(8)', 'probed.toml(5)'],
    }),
  'packaging/man/probed.toml.5': () =>
    manPage({
      ...{ name: 'probed.toml', section: 5, source: read('docs/configuration.md') },
      summary: 'configuration of probed',
      seeAlso: ['probed(8)', 'probectl(1)'],
    }),
};

if (process.argv[1] === import.meta.filename) {
  for (const [file, render] of Object.entries(packagingPages)) {
    const target = path.join(root, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, render());
  }
}
