// How each control command looks on the command line, and what is printed of its result.

import type { CommandArguments, CommandName, CommandResult } from '../control/commands.js';
import type { ClientRow } from '../control/snapshots.js';
import { pyocdOptions } from '../control/pyocd-options.js';
import { ExitCode } from './exit-codes.js';
import { harmless } from './colour.js';
import type { Look } from './text/look.js';
import { portsText } from './text/ports-text.js';
import { reservationText } from './text/reservation-text.js';
import { showText } from './text/show-text.js';
import { problemLines, statusText } from './text/status-text.js';
import { table } from './text/table.js';

export interface CommandText<N extends CommandName> {
  /** Arguments that are given by position, in order; all others are options. */
  readonly positions: readonly (keyof CommandArguments<N> & string)[];
  text(result: CommandResult<N>, look: Look, args: CommandArguments<N>): string;
  /** What the result means for the exit code; 0 if left out. */
  exitCode?(result: CommandResult<N>): ExitCode;
}

export const commandTexts: { readonly [N in CommandName]: CommandText<N> } = {
  status: { positions: [], text: statusText },
  list: {
    positions: [],
    text: ({ probes }, look) =>
      lines(
        table(
          [
            { title: 'UID', text: ({ uid }) => harmless(uid) },
            { title: 'NAME', text: ({ name = '-' }) => harmless(name) },
            { title: 'PYOCD', text: (probe) => harmless(pyocdOptions(probe)) || '-' },
          ],
          probes,
          look,
        ),
      ),
  },
  show: { positions: ['probe'], text: showText },
  events: { positions: [], text: () => '' }, // the events themselves come after the result
  reload: {
    positions: [],
    text: (result, look) =>
      result.applied
        ? lines([
            ...(result.changed.length + result.settings.length === 0 ? ['nothing changed'] : []),
            ...(result.settings.length > 0 ? [`changed settings: ${result.settings.map(harmless).join(', ')}`] : []),
            ...(result.changed.length > 0 ? [`changed: ${result.changed.map(harmless).join(', ')}`] : []),
            ...result.waiting.map((uid) => `${harmless(uid)} is in use: it changes when its last client leaves`),
            ...result.nextStart.map((key) => `${harmless(key)} holds when the daemon is started again`),
            ...problemLines(result.problems, look),
          ])
        : lines([...result.complaints.map(harmless), 'the config is wrong: nothing was changed']),
    exitCode: ({ applied }) => (applied ? ExitCode.Ok : ExitCode.Failure),
  },
  rescan: { positions: [], text: statusText },
  kick: {
    positions: ['probe', 'client'],
    text: ({ kicked }) =>
      kicked.length === 0 ? 'there was nobody to drop\n' : lines(kicked.map((row) => `dropped ${clientText(row)}`)),
  },
  reserve: {
    positions: ['probe'],
    text: ({ uid, reservation, others, unkept }, { now }) =>
      lines([
        `${harmless(uid)} is reserved ${harmless(reservationText(reservation, now))}`,
        ...unkeptText(unkept),
        ...others.map(
          (row) => `${clientText(row)} has it open, and keeps it until it closes: "probectl kick" ends that`,
        ),
      ]),
    exitCode: keptCode,
  },
  extend: changing(
    ['probe'],
    ({ uid, reservation }, _args, { now }) =>
      `${harmless(uid)} is reserved ${harmless(reservationText(reservation, now))}`,
  ),
  release: changing(
    ['probe'],
    ({ uid, reservation: { principal } }) => `${harmless(uid)} is not reserved for ${harmless(principal)} any more`,
  ),
  enable: changing(['probe'], ({ uid }) => `${harmless(uid)} is enabled`),
  disable: changing(['probe'], ({ uid }) => `${harmless(uid)} is disabled`),
  rename: changing(['probe', 'name'], ({ uid }, { name }) =>
    name === '' ? `${harmless(uid)} has no name any more` : `${harmless(uid)} is called ${harmless(name)}`,
  ),
  forget: changing(
    ['probe'],
    ({ uid, port }) => `${harmless(uid)} is forgotten${port === undefined ? '' : `, port ${port} is free`}`,
  ),
  ports: { positions: [], text: portsText },
  ping: { positions: [], text: ({ pid }) => `probed answers, pid ${pid}\n` },
  version: {
    positions: [],
    text: ({ version, protocol, pid }) => `probed ${version}, control protocol ${protocol}, pid ${pid}\n`,
  },
};

function clientText({ client, principal, address }: ClientRow): string {
  return `client ${client}, ${harmless(principal)} (${harmless(address)})`;
}

/** A command whose effect is to outlive the daemon. */
function changing<N extends 'extend' | 'release' | 'enable' | 'disable' | 'rename' | 'forget'>(
  positions: CommandText<N>['positions'],
  sentence: (result: CommandResult<N>, args: CommandArguments<N>, look: Look) => string,
): CommandText<N> {
  return {
    positions,
    text: (result, look, args) => lines([sentence(result, args, look), ...unkeptText(result.unkept)]),
    exitCode: keptCode,
  };
}

/** Where the effect does not outlive the daemon, the reason is a line of its own. */
function unkeptText(reason: string | undefined): string[] {
  return reason === undefined ? [] : [`only until the daemon stops: ${harmless(reason)}`];
}

/** And it is a failure. */
function keptCode({ unkept }: { readonly unkept?: string }): ExitCode {
  return unkept === undefined ? ExitCode.Ok : ExitCode.Failure;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
