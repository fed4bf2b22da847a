import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ownCommands, usageOf } from '../../src/cli/command-line.js';
import { ExitCode } from '../../src/cli/exit-codes.js';
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
      const name = /\w+/.exec(usage)?.[0];
      const list = commands.find((command) => command.name === name)?.args.list ?? [];
      const own = list.map((argument) => argument.name).filter((argument) => !usage.includes(argument));
      const wanted = [...own, ...(name === 'status' ? ['watch'] : []), ...(name === 'service' ? ['dry-run'] : [])];

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
