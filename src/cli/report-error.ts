import { describeError } from '../base/errors.js';
import { didYouMean } from '../base/nearest.js';
import { ConfigError } from '../config/config-error.js';
import { CommandError, NoDaemonError } from '../control/control-client.js';
import { AmbiguousProbeError, NoSuchProbeError } from '../control/resolve-probe.js';
import { harmless } from './colour.js';
import { startCommand } from './doctor/check-daemon.js';
import { ExitCode } from './exit-codes.js';
import { NotStartedError } from './remote/child.js';
import { SshError } from './remote/ssh-stream.js';
import type { World } from './world.js';

/** The command line cannot be understood; the message says what to write instead. */
export class UsageError extends Error {}

/** Says what went wrong, and what to do. @returns how probectl ends */
export function reportError(error: unknown, { stderr, signal, system }: World): number {
  const say = (text: string): void => stderr.write(`probectl: ${harmless(text)}\n`);
  if (signal.aborted) {
    say('interrupted');
    return ExitCode.Failure;
  }
  if (error instanceof NotStartedError) {
    say(error.message);
    return error.exitCode;
  }
  if (error instanceof SshError) {
    say(describeError(error));
    return ExitCode.NoDaemon;
  }
  if (error instanceof ConfigError) {
    for (const { where, what } of error.complaints) say(`${where}: ${what}`);
    return ExitCode.Usage;
  }
  if (error instanceof UsageError) {
    say(error.message);
    return ExitCode.Usage;
  }
  if (error instanceof NoDaemonError) {
    switch (error.reason) {
      case 'absent':
        say(`${error.message}: start it with "${startCommand(system.platform)}"`);
        return ExitCode.NoDaemon;
      case 'forbidden':
        say(`you may not use ${error.path}: "probectl doctor" says how to get permission`);
        return ExitCode.Failure;
      case 'broken':
        say(describeError(error));
        return ExitCode.NoDaemon;
    }
  }
  const isAmbiguous = error instanceof AmbiguousProbeError || isCommandError(error, 'ambiguous');
  if (isAmbiguous || error instanceof NoSuchProbeError || isCommandError(error, 'no-such-probe')) {
    const hint = isAmbiguous ? error.nearest.join(', ') : didYouMean(error.nearest);
    say(`${error.message}: ${hint ?? '"probectl list" shows all'}`);
    return ExitCode.NoSuchProbe;
  }
  say(describeError(error));
  return ExitCode.Failure;
}

function isCommandError(error: unknown, code: CommandError['code']): error is CommandError {
  return error instanceof CommandError && error.code === code;
}
