// probed's command line: argv -> what it sets, in the words of the config file.

import { isIP } from 'node:net';
import yargs from 'yargs';
import { type LogLevel, logLevels } from '../base/logger.js';
import { didYouMean, nearest } from '../base/nearest.js';
import { allowListProblem } from './allow-list.js';
import { UsageError } from './config-error.js';
import { escapeGlob } from './glob.js';
import { MAX_PORT, MAX_SIMULATED_PROBES } from './schema-parts.js';
import type { FileSettings } from './schema.js';

export type CommandLine =
  | { readonly action: 'run' | 'check-config'; readonly settings: CommandLineSettings }
  | { readonly action: 'print'; readonly text: string };

/** What the command line sets. It goes over the config file; `loadConfig` checks both together. */
export interface CommandLineSettings {
  readonly configFile?: string;
  readonly settings: FileSettings;
  /** For every probe. */
  readonly memoryHandles?: boolean;
}

/**
 * @param args     the arguments after the program's name
 * @param version  what `--version` prints
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[], version: string): CommandLine {
  let text = '';
  let options: Options;
  try {
    options = optionParser(version).parseSync([...args], {}, (_error, _argv, output) => {
      text = output;
    });
  } catch (error) {
    throw new UsageError(yargsMessage(error), { cause: error });
  }
  if (text !== '') return { action: 'print', text };

  const action = options.checkConfig === true ? 'check-config' : 'run';
  return { action, settings: settingsOf(options) };
}

function settingsOf(options: Options): CommandLineSettings {
  const configFile = single('config', options.config);
  const port = single('port', options.port);
  const level = single('log-level', options.logLevel);
  const addresses = texts(options.host).map(address);
  const match = texts(options.uid).map(uidRule);
  const simulate = texts(options.simulate).map(simulatedProbes);
  return {
    ...(configFile !== undefined && { configFile }),
    ...(options.memoryHandles !== undefined && { memoryHandles: options.memoryHandles }),
    settings: {
      listen: {
        ...(addresses.length > 0 && { addresses }),
        ...(options.allowRemote !== undefined && { allow_remote: allowRemote(options.allowRemote) }),
        ...(port !== undefined && { first_port: firstPort(port) }),
      },
      ...(level !== undefined && { log: { level: logLevel(level) } }),
      ...(match.length > 0 && { match }),
      ...(simulate.length > 0 && { simulate }),
    },
  };
}

/** yargs makes an array of an option that is given twice, whatever its declared type. */
type OptionText = string | readonly string[] | undefined;

/** What yargs makes of the arguments. */
interface Options {
  readonly config?: OptionText;
  readonly checkConfig?: boolean | undefined;
  readonly simulate?: OptionText;
  readonly port?: OptionText;
  readonly host?: OptionText;
  readonly allowRemote?: OptionText | false;
  readonly uid?: OptionText;
  readonly memoryHandles?: boolean | undefined;
  readonly logLevel?: OptionText;
}

/** Every option but --help and --version. docs/probed.md has the same. */
export const options = {
  config: {
    type: 'string',
    requiresArg: true,
    describe: 'Config file: see probed.toml(5)',
    defaultDescription: 'the first of the usual places',
  },
  'check-config': { type: 'boolean', describe: 'Say what is wrong with the config, and exit' },
  simulate: { type: 'string', describe: 'Serve simulated probes: how many (1)', defaultDescription: 'none' },
  port: { type: 'string', requiresArg: true, describe: 'Port of the first probe', defaultDescription: '5555' },
  host: { type: 'string', requiresArg: true, describe: 'Address to listen on', defaultDescription: 'loopback' },
  'allow-remote': {
    type: 'string',
    requiresArg: true,
    describe: 'Let another machine connect: its address, a network, or any',
    defaultDescription: 'none',
  },
  uid: { type: 'string', requiresArg: true, describe: 'Serve only this probe', defaultDescription: 'all' },
  'memory-handles': { type: 'boolean', describe: 'Give memory handles to clients that ask' },
  'log-level': { type: 'string', requiresArg: true, describe: logLevels.join(', '), defaultDescription: 'info' },
} as const;

function optionParser(version: string) {
  return yargs()
    .scriptName('probed')
    .usage(
      'Usage: $0 [options]\n\nServes every debug probe of this machine to pyOCD clients, each on a TCP port of its own.',
    )
    .options(options)
    .epilogue(
      '--simulate, --host, --allow-remote and --uid can be given several times. What is given here goes over the config file.\n' +
        'Exit codes: 0 stopped as asked, 1 failed, 2 wrong command line or config.',
    )
    .help()
    .version(version)
    .strict()
    .exitProcess(false)
    .fail(false);
}

/** yargs' own words for a mistake, in one line. */
function yargsMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const unknown = /^Unknown arguments?: ([^,\s]+)/.exec(message)?.[1];
  if (unknown === undefined) return `${message.replace(/\s+/g, ' ')}: see probed --help`;
  const guess = didYouMean(nearest(unknown, Object.keys(options)).map((name) => `--${name}`));
  return `unknown option: ${unknown}: ${guess ?? 'see probed --help'}`;
}

function texts(value: OptionText): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function single(option: string, value: OptionText): string | undefined {
  const [first, ...more] = texts(value);
  if (more.length > 0) throw new UsageError(`--${option} is given ${more.length + 1} times: give it once`);
  return first;
}

/** `--simulate`, `--simulate 3`, `--simulate 2,v1`: how many, and options that all of them get. */
function simulatedProbes(text: string): { count: number; options: string[] } {
  const [first = '', ...rest] = text === '' ? [] : text.split(',').map((part) => part.trim());
  const counted = /^\d+$/.test(first);
  const count = counted ? Number(first) : 1;
  if (count < 1 || count > MAX_SIMULATED_PROBES) {
    throw new UsageError(`--simulate ${text}: the number of probes is 1 to ${MAX_SIMULATED_PROBES}`);
  }
  return { count, options: counted || first === '' ? rest : [first, ...rest] };
}

/** The uid itself, not a glob. */
function uidRule(uid: string): { uid: string } {
  if (uid === '') throw new UsageError('--uid: write the uid of a probe');
  return { uid: escapeGlob(uid) };
}

function firstPort(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(port <= MAX_PORT))
    throw new UsageError(`--port ${text}: a port is a number from 1 to ${MAX_PORT}, or 0 for any`);
  return port;
}

function address(text: string): string {
  if (text !== 'localhost' && isIP(text) === 0)
    throw new UsageError(`--host ${text}: write an IPv4 or IPv6 address, or localhost`);
  return text;
}

/** `--no-allow-remote`: nobody. */
function allowRemote(given: Exclude<OptionText, undefined> | false): string[] {
  const entries = given === false ? [] : texts(given);
  for (const entry of entries) {
    const problem = allowListProblem(entry);
    if (problem === undefined) continue;
    throw new UsageError(
      `--allow-remote ${entry}: write an address, a network such as 192.0.2.0/24, or any: ${problem}`,
    );
  }
  return [...entries];
}

function logLevel(text: string): LogLevel {
  const level = logLevels.find((name) => name === text);
  if (!level) throw new UsageError(`--log-level ${text}: choose one of ${logLevels.join(', ')}`);
  return level;
}
