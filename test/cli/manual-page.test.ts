import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { usageOf } from '../../src/cli/command-words.js';
import { ExitCode } from '../../src/cli/exit-codes.js';
import { moreOptions, ownCommands } from '../../src/cli/own-commands.js';
import { JSON_VERSION } from '../../src/cli/run-control-command.js';
import { commands } from '../../src/control/commands.js';
import { rowsUnder } from '../support/markdown.js';

const page = readFileSync(path.join(import.meta.dirname, '../../docs/probectl.md'), 'utf8');

const rows = (heading: string): string[][] => rowsUnder(page, heading);

describe('docs/probectl.md', () => {
  it('has every command, how it is called and what it does, and no other', () => {
    const declared = [
      ...commands.map(({ name, summary }) => [`\`${usageOf(name)}\``, summary]),
      ...ownCommands.map(({ usage, summary }) => [`\`${usage}\``, summary]),
    ];

    assert.deepEqual(
      rows('Commands').map(([usage, , summary]) => [usage, summary]),
      declared,
    );
  });

  it('has the options of every command, and no other', () => {
    for (const [usage, options] of rows('Commands')) {
      const name = /[\w-]+/.exec(usage)?.[0];
      const command = commands.find((declared) => declared.name === name);
      const list = command?.args.list ?? [];
      const more = command
        ? moreOptions[command.name]
        : ownCommands.find((declared) => declared.name === name)?.options;
      const own = list.map((argument) => argument.name).filter((argument) => !usage.includes(argument));
      const wanted = [...own, ...(more ?? []).map((option) => option.name)];

      assert.deepEqual([...options.matchAll(/--([\w-]+)/g)].map(([, option]) => option), wanted, usage); // prettier-ignore
    }
  });

  it('has every exit code, and no other', () => {
    assert.deepEqual(
      rows('Exit codes').map(([code]) => Number(code)),
      Object.values(ExitCode),
    );
  });

  it('names the version of what --json prints', () => {
    assert.match(page, new RegExp(`"version": ${JSON_VERSION},`));
  });
});
