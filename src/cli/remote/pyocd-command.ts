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

/** A command line, with the probe filled in. */
export interface FilledIn {
  readonly command: readonly string[];
  /** It has to do with pyocd, and nothing in it names the probe. */
  readonly isMissed: boolean;
}

/** Subcommands that use a probe, with their other names; in pyocd/subcommands/. */
const SUBCOMMANDS = ['commander', 'cmd', 'erase', 'load', 'flash', 'gdbserver', 'gdb', 'reset', 'rtt', 'run', 'server'];
/** What else pyocd takes there. */
const WITHOUT_PROBE = ['list', 'json', 'pack', '-V', '--version', '-h', '--help', '--help-options'];
/** pyocd as a program, a script around it, or Python's module. */
const PYOCD = /^pyocd(\.(exe|cmd|bat|sh|py|pyz))?$/i;

/**
 * Puts `-u remote:localhost:PORT`, and `-t TARGET` where it is known and not there, behind pyocd's subcommand, also where
 * another program runs pyocd; and in any command replaces {port}, {uid} and {target}. One with {port} is only replaced in.
 * @throws UsageError  for a command that names another probe, or needs a target nobody knows
 */
export function fillIn(given: readonly string[], probe: ForwardedProbe): FilledIn {
  const command = given.map((word) => replacePlaceholders(word, probe));
  if (given.some((word) => /\{port\}|\bPROBED_PORT\b/.test(word))) return { command, isMissed: false };
  const uses = pyocdsIn(command);
  const at = uses.find(({ subcommand }) => SUBCOMMANDS.includes(command[subcommand]))?.subcommand;
  if (at === undefined) {
    const needsNone = uses.some((use) => [use.first, use.subcommand].some((i) => WITHOUT_PROBE.includes(command[i])));
    return { command, isMissed: !needsNone && command.some(mentionsPyocd) };
  }
  const own = command.slice(at + 1);
  const another = own.find((word) => namesProbe(word, command[at]));
  if (another !== undefined) throw new UsageError(`run: leave out ${another}: the probe is the one that run is told`);
  // `pyocd server` has no target.
  const target = command[at] === 'server' || own.some(namesTarget) ? undefined : probe.target;
  const more = ['-u', `remote:localhost:${probe.port}`, ...(target === undefined ? [] : ['-t', target])];
  return { command: [...command.slice(0, at + 1), ...more, ...own], isMissed: false };
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

/** Where pyocd's arguments begin, and where its subcommand is, or -1: its own options, which take no value, go before that. */
function pyocdsIn(command: readonly string[]): readonly { readonly first: number; readonly subcommand: number }[] {
  return command.flatMap((word, i) => {
    if (!PYOCD.test(path.basename(word))) return [];
    return [{ first: i + 1, subcommand: command.findIndex((next, at) => at > i && !next.startsWith('-')) }];
  });
}

/** "pyocd" by itself in a word, as in a shell's script; not as a folder's name. */
function mentionsPyocd(word: string): boolean {
  return /(^|[^\w-])pyocd(?![\w/-])/i.test(word);
}

/**
 * "-u", "-uX", "--uid", "--probe=X", and what argparse takes for them as well: the beginning of a long one, and "-Wu". It
 * never takes such a word for the value of another option, so neither do we. CONNECT_GROUP in pyocd/subcommands/base.py.
 */
function namesProbe(word: string, subcommand: string): boolean {
  const flags = subcommand === 'erase' ? 'vqWcs' : 'vqWHNiSrl';
  return new RegExp(`^(-[${flags}]*u|--(u|ui|uid|prob|probe)(=|$))`).test(word);
}

/** "-t", "-tX", "--target", "--target=X"; ours comes before one that is written in another way, so that one holds. */
function namesTarget(word: string): boolean {
  return /^(-t|--target(=|$))/.test(word);
}
