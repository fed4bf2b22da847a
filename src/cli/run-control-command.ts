import { sleep } from '../base/clock.js';
import type { ControlClient } from '../control/control-client.js';
import type { CommandArguments, CommandName } from '../control/commands.js';
import { paintFor } from './colour.js';
import { type CommonOptions, isArgumentsOf } from './command-line.js';
import { commandTexts } from './command-texts.js';
import { ExitCode } from './exit-codes.js';
import { openClient } from './open-client.js';
import { UsageError } from './report-error.js';
import { eventText } from './text/event-text.js';
import type { Look } from './text/look.js';
import type { World } from './world.js';

/** Raised when a script that reads `--json` would have to change; docs/probectl.md. */
export const JSON_VERSION = 1;

/** A table is at least so wide that it fits the narrowest terminal people use. */
const COLUMNS = 80;

const WATCH_INTERVAL_MS = 1000;

/** Moves to the top left and clears what is below: ECMA-48 8.3.21 CUP, 8.3.39 ED. */
const CLEAR = '\x1b[H\x1b[J';

interface Invocation<N extends CommandName> {
  readonly command: N;
  readonly args: CommandArguments<N>;
  readonly common: CommonOptions;
  readonly world: World;
}

/** Runs one control command and prints its result. @throws whatever `reportError` can report */
export async function runControlCommand(
  command: CommandName,
  given: unknown,
  options: { readonly common: CommonOptions; readonly watch: boolean },
  world: World,
): Promise<ExitCode> {
  if (!isArgumentsOf(command, given)) throw new UsageError(`${command}: an argument is missing: see probectl --help`);
  const { common, watch } = options;
  if (command === 'version' && !common.json) world.stdout.write(`probectl ${world.version}\n`);
  await using client = await openClient(common, world);
  const invocation: Invocation<CommandName> = { command, args: given, common, world };
  if (watch) return await runWatched(client, invocation);
  const code = await runOnce(client, invocation);
  return command === 'events' ? await printEvents(client, common, world) : code;
}

async function runOnce<N extends CommandName>(client: ControlClient, invocation: Invocation<N>): Promise<ExitCode> {
  const { text, code } = await render(client, invocation);
  invocation.world.stdout.write(text);
  return code;
}

/** Shows the result again every second, in the same place on a terminal, until Ctrl-C. */
async function runWatched<N extends CommandName>(client: ControlClient, invocation: Invocation<N>): Promise<ExitCode> {
  const { stdout, clock, signal } = invocation.world;
  let shown = '';
  while (!signal.aborted) {
    const { text } = await render(client, invocation);
    if (stdout.isTerminal) stdout.write(CLEAR + text);
    else if (text !== shown) stdout.write(shown === '' ? text : `\n${text}`);
    shown = text;
    await sleep(clock, WATCH_INTERVAL_MS, signal).catch(() => undefined); // Ctrl-C is how it ends
  }
  return ExitCode.Ok;
}

async function render<N extends CommandName>(
  client: ControlClient,
  { command, args, common, world }: Invocation<N>,
): Promise<{ readonly text: string; readonly code: ExitCode }> {
  const result = await client.call(command, args, world.signal);
  const texts = commandTexts[command];
  const code = texts.exitCode?.(result) ?? ExitCode.Ok;
  if (!common.json) return { text: texts.text(result, lookOf(world), args), code };
  // The events are the result, one line each; that they were asked for is none.
  const text =
    command === 'events' ? '' : `${JSON.stringify({ version: JSON_VERSION, command, result }, undefined, 2)}\n`;
  return { text, code };
}

/** Prints what happens until Ctrl-C, or until the daemon ends. */
async function printEvents(client: ControlClient, { json }: CommonOptions, world: World): Promise<ExitCode> {
  for await (const item of client.events(world.signal)) {
    const line =
      item.type === 'event' ? { version: JSON_VERSION, ...item.event } : { version: JSON_VERSION, lost: item.count };
    if (json) world.stdout.write(`${JSON.stringify(line)}\n`);
    else world.stdout.write(item.type === 'event' ? eventText(item.event) : `lost ${item.count} events\n`);
  }
  return ExitCode.Ok;
}

export function lookOf({ stdout, env, clock }: World): Look {
  return { paint: paintFor(stdout, env), columns: Math.max(COLUMNS, stdout.columns ?? 0), now: clock.date() };
}
