// Where the probe goes on the command line of what `run` starts.

import path from 'node:path';
import { UsageError } from '../report-error.js';

/** What a command may be told of the probe. */
export interface ForwardedProbe {
  /** On localhost. */
  readonly port: number;
  readonly uid: string;
  /** The target type, where the config knows it. */
  readonly target?: string;
}

/** pyOCD's options for the probe and the target; `CONNECT_GROUP` in pyocd/subcommands/base.py. */
const PROBE_OPTIONS = ['-u', '--uid', '--probe'];
const TARGET_OPTIONS = ['-t', '--target'];
/** Subcommands that use a probe, with their other names. */
const SUBCOMMANDS = ['commander', 'cmd', 'erase', 'load', 'flash', 'gdbserver', 'gdb', 'reset', 'rtt', 'run', 'server'];

/**
 * Puts `-u remote:localhost:PORT`, and `-t TARGET` where it is known and not there, behind pyocd's subcommand; and in any
 * command replaces {port}, {uid} and {target}.
 * @throws UsageError  for a command that names another probe, or needs a target nobody knows
 */
export function fillIn(command: readonly string[], probe: ForwardedProbe): readonly string[] {
  const filled = command.map((word) => replacePlaceholders(word, probe));
  const at = subcommandAt(filled);
  const isTold = filled.some((word, i) => word !== command[i]);
  if (at === undefined || isTold) return filled;
  const own = filled.slice(at + 1);
  const another = own.find((word) => isOption(word, PROBE_OPTIONS));
  if (another !== undefined) throw new UsageError(`run: leave out ${another}: the probe is the one that run is told`);
  const target = probe.target !== undefined && !own.some((word) => isOption(word, TARGET_OPTIONS));
  const more = ['-u', `remote:localhost:${probe.port}`, ...(target ? ['-t', probe.target] : [])];
  return [...filled.slice(0, at + 1), ...more, ...own];
}

function replacePlaceholders(word: string, { port, uid, target }: ForwardedProbe): string {
  return word.replace(/\{(port|uid|target)\}/g, (_all, name) => {
    if (name === 'port') return String(port);
    if (name === 'uid') return uid;
    if (target === undefined)
      throw new UsageError(`run: no target is configured for probe ${uid}: write it for {target}`);
    return target;
  });
}

/** Where the subcommand stands in `pyocd …` and `python3 -m pyocd …`; undefined for any other command. */
function subcommandAt(words: readonly string[]): number | undefined {
  const program = path.basename(words.at(0) ?? '').replace(/\.exe$/i, '');
  const isModule = /^(python|pypy)[\d.]*$/.test(program) && words.indexOf('-m') >= 0;
  const first = isModule ? (words[words.indexOf('-m') + 1] === 'pyocd' ? words.indexOf('-m') + 2 : undefined) : 1;
  if (first === undefined || (!isModule && program !== 'pyocd')) return undefined;
  return SUBCOMMANDS.includes(words.at(first) ?? '') ? first : undefined;
}

/** "-u", "-uX", "--uid", "--uid=X" */
function isOption(word: string, names: readonly string[]): boolean {
  return names.some((name) =>
    name.startsWith('--')
      ? word === name || word.startsWith(`${name}=`)
      : word.startsWith(name) && !word.startsWith('--'),
  );
}
