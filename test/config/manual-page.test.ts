import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { options, parseCommandLine } from '../../src/config/command-line.js';
import { ExitCode } from '../../src/config/exit-codes.js';
import { rowsUnder } from '../support/markdown.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/probed.md'), 'utf8');

describe('docs/probed.md', () => {
  it('has every option, and no other', () => {
    const documented = rowsUnder(page, 'Options').map(([option]) => /--([\w-]+)/.exec(option)?.[1]);

    assert.deepEqual(documented, [...Object.keys(options), 'help', 'version']);
  });

  it('has every exit code, and no other', () => {
    assert.deepEqual(
      rowsUnder(page, 'Exit codes').map(([code]) => Number(code)),
      Object.values(ExitCode),
    );
  });
});

describe('probed --help', () => {
  it('fits a screen of 24 lines by 80 columns', () => {
    const help = parseCommandLine(['--help'], '1.2.3');

    assert(help.action === 'print');
    const lines = help.text.split('\n');
    assert(lines.length < 24, `${lines.length} lines, and the prompt`);
    assert(lines.every((line) => line.length <= 80));
  });
});
