import type { CommonOptions } from './command-line.js';
import { ExitCode } from './exit-codes.js';
import { listHosts } from './list-all.js';
import { JSON_VERSION, lookOf } from './run-control-command.js';
import { listedProbes, type ListFormat, listText, problemLines, pyocdLines } from './text/list-text.js';
import { vscodeText } from './text/vscode-text.js';
import type { World } from './world.js';

export interface ListOptions {
  /** Also the hosts the user has named, and those that the network tells of. */
  readonly all: boolean;
  readonly format: ListFormat;
  readonly common: CommonOptions;
}

/** Lists the probes of one host, or of all. A host that does not answer is told, and is a failure only if none does. */
export async function runList({ all, format, common }: ListOptions, world: World): Promise<ExitCode> {
  const lists = await listHosts(all, common, world);
  const problems = lists.flatMap((list) => (list.kind === 'silent' ? [list] : []));
  // Beside what goes into a file or a shell.
  const sayProblems = (): void => problemLines(lists).forEach((line) => world.stderr.write(`probectl: ${line}\n`));
  switch (common.json ? 'json' : format) {
    case 'table':
      world.stdout.write(listText(lists, all, lookOf(world)));
      break;
    case 'pyocd':
      world.stdout.write(pyocdLines(lists));
      sayProblems();
      break;
    case 'vscode':
      world.stdout.write(vscodeText(lists));
      sayProblems();
      break;
    case 'json': {
      const result = {
        probes: listedProbes(lists),
        ...(all && { problems: problems.map(({ host, problem }) => ({ host, problem })) }),
      };
      world.stdout.write(`${JSON.stringify({ version: JSON_VERSION, command: 'list', result }, undefined, 2)}\n`);
    }
  }
  return problems.length < lists.length ? ExitCode.Ok : ExitCode.NoDaemon;
}
