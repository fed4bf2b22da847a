// argv -> what to do. The control commands come from their table; the few that probectl has of its own are here.

import { Check } from 'typebox/value';
import yargs, { type Argv } from 'yargs';
import { type CommandArguments, commandNamed, type CommandName, commands } from '../control/commands.js';
import { describeSchema } from '../jsonl/schema.js';
import { commandTexts } from './command-texts.js';
import type { DaemonAddress } from './open-client.js';
import { UsageError } from './report-error.js';

/** Commands that need no daemon, or more than one control command. */
export const ownCommands = [
  { name: 'doctor', usage: 'doctor', summary: 'Looks for what is wrong on this machine, and says what mends it.' },
  {
    name: 'service',
    usage: 'service <action>',
    summary: 'Installs or removes the system service (install, uninstall), or says how it is (status).',
  },
  { name: 'completion', usage: 'completion <shell>', summary: 'Prints a completion script for bash, zsh or fish.' },
] as const;

type OwnUsage = (typeof ownCommands)[number]['usage'];

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const serviceActions = ['install', 'uninstall', 'status'] as const;
export type ServiceAction = (typeof serviceActions)[number];

export interface CommonOptions extends DaemonAddress {
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
  readonly socket?: unknown;
  readonly json?: unknown;
  readonly [name: string]: unknown;
}

/**
 * @param columns  how wide the help may be
 * @throws UsageError
 */
export function parseCommandLine(args: readonly string[], version: string, columns: number): CommandLine {
  let text = '';
  let parsed: Parsed;
  try {
    parsed = parser(version, columns).parseSync([...args], {}, (_error, _argv, output) => {
      text = output;
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message.replace(/\s+/g, ' ')}: see probectl --help`, { cause: error });
  }
  if (text !== '') return { action: 'print', text: `${text}\n` };
  const name = String(parsed._[0]);
  const common = commonOptions(parsed);
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

function parser(version: string, columns: number): Argv {
  let made: Argv = yargs()
    .scriptName('probectl')
    .usage('Usage: $0 COMMAND [options]\n\nShows and controls the probes that probed serves on this machine.')
    .option('socket', { type: 'string', requiresArg: true, describe: "The daemon's control socket (PROBED_SOCKET)" })
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
  for (const { usage, summary } of ownCommands) {
    made = made.command(usage, summary, (own) => addOwnOptions(own, usage));
  }
  return made;
}

function addOwnOptions(own: Argv, usage: OwnUsage): Argv {
  switch (usage) {
    case 'completion <shell>':
      return own.positional('shell', { choices: shells });
    case 'service <action>':
      return own
        .positional('action', { choices: serviceActions })
        .option('dry-run', { type: 'boolean', describe: 'Say what it would do, and do nothing' });
    case 'doctor':
      return own;
  }
}

/** `kick <probe> [client]` */
export function usageOf(command: CommandName): string {
  const positions = commandTexts[command].positions.map((name) =>
    isOptional(command, name) ? `[${name}]` : `<${name}>`,
  );
  return [command, ...positions].join(' ');
}

function addOptions(own: Argv, command: CommandName): Argv {
  const positions: readonly string[] = commandTexts[command].positions;
  let made = own;
  for (const { name, schema } of commandNamed(command).args.list) {
    const describe = describeSchema(schema);
    // Every value comes as text, so that a uid of digits stays what was typed.
    if (positions.includes(name)) made = made.positional(name, { type: 'string', describe });
    else if (typeOf(schema) === 'boolean') made = made.option(name, { type: 'boolean', describe });
    else made = made.option(name, { type: 'string', requiresArg: true, describe });
  }
  return command === 'status'
    ? made.option('watch', { type: 'boolean', describe: 'Show it again whenever it changes' })
    : made;
}

function controlArguments(command: CommandName, parsed: Parsed): GivenArguments {
  const given: Record<string, unknown> = {};
  for (const { name, schema } of commandNamed(command).args.list) {
    const value = parsed[name];
    if (value === undefined) continue;
    if (Array.isArray(value)) throw new UsageError(`${command}: ${name} is given ${value.length} times: give it once`);
    const isNumber = typeOf(schema) === 'integer' && typeof value === 'string' && /^\d+$/.test(value);
    given[name] = isNumber ? Number(value) : value;
    if (!Check(schema, given[name])) throw new UsageError(`${command}: ${name} must be ${describeSchema(schema)}`);
  }
  return given;
}

function commonOptions({ socket, json }: Parsed): CommonOptions {
  if (Array.isArray(socket)) throw new UsageError('--socket is given several times: give it once');
  return { json: json === true, ...(typeof socket === 'string' && { socket }) };
}

function isOptional(command: CommandName, name: string): boolean {
  const { required }: { readonly required?: readonly string[] } = commandNamed(command).args.schema;
  return !(required ?? []).includes(name);
}

function typeOf(schema: { readonly type?: unknown }): unknown {
  return schema.type;
}
