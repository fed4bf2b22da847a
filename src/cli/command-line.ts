// argv -> what to do. The control commands come from their table; the few that probectl has of its own are here.

import { Check } from 'typebox/value';
import yargs, { type Argv } from 'yargs';
import { type CommandArguments, commandNamed, type CommandName, commands } from '../control/commands.js';
import { describeSchema } from '../jsonl/schema.js';
import { commandTexts } from './command-texts.js';
import { isOptional, usageOf } from './command-words.js';
import { explainMistake } from './explain-mistake.js';
import type { TcpAddress } from '../client/endpoint.js';
import type { Wait } from './remote/wait-for-probe.js';
import type { HostOptions } from './remote/host.js';
import { moreOptions, type OwnCommand, type OwnOption, ownCommands } from './own-commands.js';
import { parseAddress, parseFormat, parsePort, parseWait } from './option-values.js';
import { splitLine, withoutMarks } from './plain-words.js';
import { UsageError } from './report-error.js';
import type { ListFormat } from './text/list-text.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const serviceActions = ['install', 'uninstall', 'status'] as const;
export type ServiceAction = (typeof serviceActions)[number];

export interface CommonOptions extends HostOptions {
  readonly json: boolean;
}

export type CommandLine =
  | { readonly action: 'print'; readonly text: string }
  | {
      readonly action: 'control';
      readonly command: CommandName;
      readonly args: GivenArguments;
      readonly watch: boolean;
      readonly common: CommonOptions;
    }
  | { readonly action: 'list'; readonly all: boolean; readonly format: ListFormat; readonly common: CommonOptions }
  | {
      readonly action: 'run';
      readonly probe: string;
      readonly command: readonly string[];
      readonly wait: Wait;
      readonly plain: boolean;
      readonly common: CommonOptions;
    }
  | {
      readonly action: 'forward';
      readonly probe: string;
      readonly port: number | undefined;
      readonly wait: Wait;
      readonly plain: boolean;
      readonly common: CommonOptions;
    }
  | { readonly action: 'accelerate'; readonly address: TcpAddress; readonly port: number | undefined }
  | { readonly action: 'dial-stdio'; readonly probe: string | undefined; readonly common: CommonOptions }
  | { readonly action: 'doctor'; readonly common: CommonOptions }
  | {
      readonly action: 'service';
      readonly service: ServiceAction;
      readonly dryRun: boolean;
      readonly common: CommonOptions;
    }
  | { readonly action: 'completion'; readonly shell: Shell };

type GivenArguments = Readonly<Record<string, unknown>>;

/** What yargs makes of the options that all commands have. */
interface Parsed {
  readonly _: readonly (string | number)[];
  readonly host?: unknown;
  readonly socket?: unknown;
  readonly json?: unknown;
  readonly [name: string]: unknown;
}

/**
 * @param columns  how wide the help may be
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[], version: string, columns: number): CommandLine {
  const { words, command: runs } = splitLine(args);
  let text = '';
  let parsed: Parsed;
  try {
    parsed = parser(version, words.includes('--help') ? columns : null).parseSync(
      words.map(withValue),
      {},
      (_error, _argv, output) => {
        text = output;
      },
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(withoutMarks(explainMistake(message, words)), { cause: error });
  }
  if (text !== '') return { action: 'print', text: `${text}\n` };
  const name = String(parsed._[0]);
  const common = commonOptions(parsed);
  const own = ownCommandLine(name, parsed, runs, common);
  if (own) return own;
  const shell = shells.find((known) => known === parsed.shell);
  if (name === 'completion' && shell) return { action: 'completion', shell };
  const service = serviceActions.find((known) => known === parsed.action);
  if (name === 'service' && service) return { action: 'service', service, dryRun: parsed.dryRun === true, common };
  if (name === 'doctor') return { action: 'doctor', common };
  const command = commands.find((declared) => declared.name === name)?.name;
  if (!command) throw new UsageError(`there is no command ${name}: see probectl --help`);
  return { action: 'control', command, args: controlArguments(command, parsed), watch: parsed.watch === true, common };
}

/** Says that arguments fit a command. */
export function isArgumentsOf<N extends CommandName>(command: N, args: unknown): args is CommandArguments<N> {
  return commandNamed(command).args.list.every(({ name, schema }) => {
    const value: unknown = typeof args === 'object' && args !== null ? Reflect.get(args, name) : undefined;
    return value === undefined ? isOptional(command, name) : Check(schema, value);
  });
}

/** @param columns  null: the help is not read. yargs makes it for every command, and wrapping is most of the work */
function parser(version: string, columns: number | null): Argv {
  let made: Argv = yargs()
    .scriptName('probectl')
    .usage(
      'Usage: $0 COMMAND [options]\n\nShows, controls and uses the probes that probed serves, on this machine or another.',
    )
    .option('socket', { type: 'string', requiresArg: true, describe: "The daemon's control socket (PROBED_SOCKET)" })
    .option('host', {
      type: 'string',
      requiresArg: true,
      describe: 'The machine to use: ssh://[user@]host, unix:///path or a name (PROBED_HOST)',
    })
    .option('json', { type: 'boolean', describe: 'Print the result as JSON' })
    .demandCommand(1, 'a command is missing')
    .help()
    .version(version)
    .strict()
    .locale('en')
    .wrap(columns)
    .exitProcess(false)
    .fail(false);
  for (const { name, summary } of commands) made = made.command(usageOf(name), summary, (own) => addOptions(own, name));
  for (const command of ownCommands) made = made.command(command.usage, command.summary, (own) => addOwn(own, command));
  return made;
}

/** `--wait` alone takes nothing from the words after it. */
function withValue(word: string): string {
  return word === '--wait' ? '--wait=' : word;
}

function addOwn(own: Argv, { usage, options }: OwnCommand): Argv {
  let made = usage.includes('<shell>') ? own.positional('shell', { choices: shells }) : own;
  if (usage.includes('<action>')) made = made.positional('action', { choices: serviceActions });
  // Every value comes as text, so that a uid of digits stays what was typed.
  for (const [, name] of usage.matchAll(/[<[](probe|address)[\]>]/g)) made = made.positional(name, { type: 'string' });
  for (const option of options) made = addOwnOption(made, option);
  return made;
}

function addOwnOption(own: Argv, { name, alias, describe, isFlag }: OwnOption): Argv {
  const more = { describe, ...(alias !== undefined && { alias }) };
  return own.option(
    name,
    isFlag ? { type: 'boolean', ...more } : { type: 'string', requiresArg: name !== 'wait', ...more },
  );
}

function addOptions(own: Argv, command: CommandName): Argv {
  const positions: readonly string[] = commandTexts[command].positions;
  let made = own;
  for (const { name, schema } of commandNamed(command).args.list) {
    const describe = describeSchema(schema);
    // Every value comes as text, so that a uid of digits stays what was typed.
    if (positions.includes(name)) made = made.positional(name, { type: 'string', describe });
    else if (typeOf(schema) === 'boolean') made = made.option(name, { type: 'boolean', describe });
    else {
      const demandOption = !isOptional(command, name);
      made = made.option(name, { type: 'string', requiresArg: true, demandOption, describe });
    }
  }
  for (const option of moreOptions[command] ?? []) made = addOwnOption(made, option);
  return made;
}

function controlArguments(command: CommandName, parsed: Parsed): GivenArguments {
  const given: Record<string, unknown> = {};
  for (const { name, schema } of commandNamed(command).args.list) {
    const value = parsed[name];
    if (value === undefined) continue;
    if (Array.isArray(value))
      throw new UsageError(`${command}: --${name} is given ${value.length} times: give it once`);
    const isNumber = typeOf(schema) === 'integer' && typeof value === 'string' && /^\d+$/.test(value);
    given[name] = isNumber ? Number(value) : typeof value === 'string' ? withoutMarks(value) : value;
    if (Check(schema, given[name])) continue;
    const shown = commandTexts[command].positions.some((position) => position === name) ? name : `--${name}`;
    throw new UsageError(`${command}: ${shown} ${JSON.stringify(given[name])} does not fit: ${describeSchema(schema)}`);
  }
  return given;
}

function commonOptions({ host, socket, json }: Parsed): CommonOptions {
  if (Array.isArray(socket)) throw new UsageError('--socket is given several times: give it once');
  if (Array.isArray(host)) throw new UsageError('--host is given several times: give it once');
  return {
    json: json === true,
    ...(typeof host === 'string' && { host }),
    ...(typeof socket === 'string' && { socket }),
  };
}

/** The value of an option. @throws UsageError if it is given several times */
function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) throw new UsageError(`an option is given ${value.length} times: give it once`);
  return typeof value === 'string' ? withoutMarks(value) : undefined;
}

/** The command line of a command that is no control command. */
function ownCommandLine(
  name: string,
  parsed: Parsed,
  command: readonly string[],
  common: CommonOptions,
): CommandLine | undefined {
  const probe = textOf(parsed.probe) ?? '';
  const plain = parsed.plain === true;
  const wait = parseWait(textOf(parsed.wait));
  switch (name) {
    case 'list':
      return { action: 'list', all: parsed.all === true, format: parseFormat(textOf(parsed.output)), common };
    case 'run':
      return { action: 'run', ...{ probe, command, wait, plain, common } };
    case 'forward':
      return { action: 'forward', ...{ probe, port: parsePort(textOf(parsed.port)), wait, plain, common } };
    case 'accelerate':
      return {
        action: 'accelerate',
        address: parseAddress(textOf(parsed.address) ?? ''),
        port: parsePort(textOf(parsed.port)),
      };
    case 'dial-stdio':
      return { action: 'dial-stdio', probe: textOf(parsed.probe), common };
    default:
      return undefined;
  }
}

function typeOf(schema: { readonly type?: unknown }): unknown {
  return schema.type;
}
