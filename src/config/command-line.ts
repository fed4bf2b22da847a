// probed's command line: argv -> Config.

import { isIP } from 'node:net';
import yargs from 'yargs';
import { RequestError } from '../base/errors.js';
import { type LogLevel, logLevels } from '../base/logger.js';
import { type Config, DEFAULT_PORT, LOOPBACK, type SimulatedProbe } from './config.js';

/** The command line cannot be understood; the message says what to write instead. Exit code 2. */
export class UsageError extends RequestError {}

export type CommandLine =
  { readonly action: 'run'; readonly config: Config } | { readonly action: 'print'; readonly text: string };

const MAX_SIMULATED_PROBES = 256;
const MAX_PORT = 65535;

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

  const simulate = texts(options.simulate).flatMap(simulatedProbes);
  if (simulate.length > MAX_SIMULATED_PROBES)
    throw new UsageError(`--simulate: at most ${MAX_SIMULATED_PROBES} probes`);
  const config: Config = {
    hosts: listenAddresses(texts(options.host), options.allowRemote),
    firstPort: firstPort(single('port', options.port), simulate.length),
    simulate,
    uids: texts(options.uid),
    memoryHandles: options.memoryHandles,
    logLevel: logLevel(single('log-level', options.logLevel)),
  };
  return { action: 'run', config: Object.freeze(config) };
}

/** yargs makes an array of an option that is given twice, whatever its declared type. */
type OptionText = string | readonly string[] | undefined;

/** What yargs makes of the arguments. */
interface Options {
  readonly simulate?: OptionText;
  readonly port?: OptionText;
  readonly host?: OptionText;
  readonly allowRemote: boolean;
  readonly uid?: OptionText;
  readonly memoryHandles: boolean;
  readonly logLevel?: OptionText;
}

function optionParser(version: string) {
  return yargs()
    .scriptName('probed')
    .usage(
      'Usage: $0 [options]\n\nServes every debug probe of this machine to pyOCD clients, each on a TCP port of its own.',
    )
    .option('simulate', {
      type: 'string',
      describe: 'Serve simulated probes: how many (1)',
      defaultDescription: 'none',
    })
    .option('port', {
      type: 'string',
      requiresArg: true,
      describe: 'Port of the first probe',
      default: String(DEFAULT_PORT),
    })
    .option('host', {
      type: 'string',
      requiresArg: true,
      describe: 'Address to listen on',
      defaultDescription: 'loopback',
    })
    .option('allow-remote', { type: 'boolean', describe: 'Let other machines connect', default: false })
    .option('uid', { type: 'string', requiresArg: true, describe: 'Serve only this probe', defaultDescription: 'all' })
    .option('memory-handles', { type: 'boolean', describe: 'Give memory handles to clients that ask', default: false })
    .option('log-level', { type: 'string', requiresArg: true, describe: logLevels.join(', '), default: 'info' })
    .epilogue('--simulate, --host and --uid can be given several times.')
    .help()
    .version(version)
    .strict()
    .exitProcess(false)
    .fail(false);
}

/** yargs' own words for a mistake, in one line. */
function yargsMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${message.replace(/\s+/g, ' ').replace(/^Unknown argument/, 'unknown option')}: see probed --help`;
}

function texts(value: OptionText): readonly string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}

function single(option: string, value: OptionText): string {
  const [first = '', ...more] = texts(value);
  if (more.length > 0) throw new UsageError(`--${option} is given ${more.length + 1} times: give it once`);
  return first;
}

/** `--simulate`, `--simulate 3`, `--simulate 2,v1`: how many, and options that all of them get. */
function simulatedProbes(text: string): readonly SimulatedProbe[] {
  const [first = '', ...rest] = text === '' ? [] : text.split(',').map((part) => part.trim());
  const counted = /^\d+$/.test(first);
  const count = counted ? Number(first) : 1;
  if (count < 1 || count > MAX_SIMULATED_PROBES) {
    throw new UsageError(`--simulate ${text}: the number of probes is 1 to ${MAX_SIMULATED_PROBES}`);
  }
  const options = counted || first === '' ? rest : [first, ...rest];
  return Array.from({ length: count }, () => ({ options }));
}

function firstPort(text: string, probes: number): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(port <= MAX_PORT))
    throw new UsageError(`--port ${text}: a port is a number from 1 to ${MAX_PORT}, or 0 for any`);
  if (port + probes - 1 > MAX_PORT) {
    throw new UsageError(`--port ${port}: ${probes} probes would need ports above ${MAX_PORT}: choose a lower one`);
  }
  return port;
}

function listenAddresses(hosts: readonly string[], allowRemote: boolean): readonly string[] {
  if (hosts.length === 0) return allowRemote ? ['0.0.0.0', '::'] : LOOPBACK;
  const addresses = hosts.flatMap((host) => (host === 'localhost' ? LOOPBACK : [host]));
  for (const address of addresses) {
    if (isIP(address) === 0) throw new UsageError(`--host ${address}: write an IPv4 or IPv6 address, or localhost`);
    if (!allowRemote && !isLoopback(address)) {
      throw new UsageError(`--host ${address}: other machines could connect: add --allow-remote if they should`);
    }
  }
  return [...new Set(addresses)];
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

function logLevel(text: string): LogLevel {
  const level = logLevels.find((name) => name === text);
  if (!level) throw new UsageError(`--log-level ${text}: choose one of ${logLevels.join(', ')}`);
  return level;
}
