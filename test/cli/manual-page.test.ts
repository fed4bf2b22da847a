import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { usageOf } from '../../src/cli/command-line.js';
import { ExitCode } from '../../src/cli/exit-codes.js';
import { moreOptions, ownCommands } from '../../src/cli/own-commands.js';
import { JSON_VERSION } from '../../src/cli/run-control-command.js';
import { commands } from '../../src/control/commands.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/probectl.md'), 'utf8');

/** Cells of the table under a heading, without its two lines of head. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim())); // prettier-ignore
}

describe('docs/probectl.md', () => {
  it('has every command, how it is called and what it does, and no other', () => {
    const declared = [
      ...commands.map(({ name, summary }) => [`\`${usageOf(name)}\``, summary]),
      ...ownCommands.map(({ usage, summary }) => [`\`${usage}\``, summary]),
    ];

    assert.deepEqual(
      rowsUnder('Commands').map(([usage, , summary]) => [usage, summary]),
      declared,
    );
  });

  it('has the options of every command, and no other', () => {
    for (const [usage, options] of rowsUnder('Commands')) {
      const name = /[\w-]+/.exec(usage)?.[0];
      const command = commands.find((declared) => declared.name === name);
      const list = command?.args.list ?? [];
      const more = command
        ? moreOptions[command.name]
        : ownCommands.find((declared) => declared.name === name)?.options;
      const own = list.map((argument) => argument.name).filter((argument) => !usage.includes(argument));
      const wanted = [...own, ...(more ?? []).map((option) => option.name)];

      assert.deepEqual([...options.matchAll(/--(\w+)/g)].map(([, option]) => option), wanted, usage); // prettier-ignore
    }
  });

  it('has every exit code, and no other', () => {
    assert.deepEqual(
      rowsUnder('Exit codes').map(([code]) => Number(code)),
      Object.values(ExitCode),
    );
  });

  it('names the version of what --json prints', () => {
    assert.match(page, new RegExp(`"version": ${JSON_VERSION},`));
  });
});
