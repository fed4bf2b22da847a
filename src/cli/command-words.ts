// The words that command lines are made of: commands, what each takes, and its options.

import { commandNamed, type CommandName, commands } from '../control/commands.js';
import { commandTexts } from './command-texts.js';
import { moreOptions, ownCommands } from './own-commands.js';

/** A word, and what it is. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** All commands that there are. */
export const commandWords: readonly Candidate[] = [...commands, ...ownCommands].map(({ name, summary }) => ({
  word: name,
  about: summary,
}));

/** How a control command is called: `kick <probe> [client]` */
export function usageOf(command: CommandName): string {
  const positions = commandTexts[command].positions.map((name) =>
    isOptional(command, name) ? `[${name}]` : `<${name}>`,
  );
  return [command, ...positions].join(' ');
}

/** The same of any command that there is. */
export function usageOfAny(name: string): string {
  const command = commands.find((declared) => declared.name === name)?.name;
  if (command !== undefined) return usageOf(command);
  return ownCommands.find((own) => own.name === name)?.usage ?? name;
}

export function isOptional(command: CommandName, name: string): boolean {
  const { required }: { readonly required?: readonly string[] } = commandNamed(command).args.schema;
  return !(required ?? []).includes(name);
}

/** Those of a command, and those of all. */
export function optionsOf(name: string | undefined): readonly Candidate[] {
  const command = commands.find((declared) => declared.name === name);
  const positions: readonly string[] = command ? commandTexts[command.name].positions : [];
  const own = command?.args.list.filter((argument) => !positions.includes(argument.name)) ?? [];
  const more = command ? (moreOptions[command.name] ?? []) : (ownCommands.find((o) => o.name === name)?.options ?? []);
  return [
    ...own.map((argument) => ({ word: `--${argument.name}`, about: '' })),
    ...more.map((option) => ({ word: `--${option.name}`, about: option.describe })),
    { word: '--json', about: 'print the result as JSON' },
    { word: '--host', about: 'the machine to use' },
    { word: '--socket', about: "the daemon's control socket" },
    { word: '--help', about: 'show help' },
  ];
}

const valuedOptions = [
  ...['--socket', '--host', '--port', '--output', '-o'],
  ...commands.flatMap(({ args }) =>
    args.list.filter(({ schema }) => !isBoolean(schema)).map(({ name }) => `--${name}`),
  ),
];

function isBoolean(schema: { readonly type?: unknown }): boolean {
  return schema.type === 'boolean';
}

/** What is typed but for options, and the values of options. */
export function withoutOptions(words: readonly string[]): readonly string[] {
  return words.filter((word, i) => !word.startsWith('-') && !valuedOptions.includes(words[i - 1]));
}
