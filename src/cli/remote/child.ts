// The command that `run` runs: in the foreground, with the user's terminal, and never outliving probectl.

import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { RequestError, systemErrorCode } from '../../base/errors.js';
import type { World } from '../world.js';
import { endWithUs } from './end-with-us.js';
import { SignalWitness } from './signal-witness.js';

/** POSIX, 2.8.2: exit status of a shell whose command is not there, or cannot be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
/** The same, for one that a signal ended. */
const SIGNALLED = 128;

/** The command could not be started. */
export class NotStartedError extends RequestError {
  constructor(
    message: string,
    /** What a shell would end with. */
    readonly exitCode: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Runs it to its end, and passes on the signals probectl gets.
 * @returns  its exit code; 128 + n for signal n
 * @throws NotStartedError
 */
export async function runChild([program, ...args]: readonly [string, ...string[]], world: World): Promise<number> {
  using witness = await SignalWitness.start();
  world.signal.throwIfAborted(); // Ctrl-C, while all was made ready
  // Before it is started: a signal that came in between would end us, and leave the command behind.
  let passedOn = Promise.resolve();
  const signals = world.onSignal((signal) => {
    // The command is in our process group: what that gets, as Ctrl-C, has reached it. Twice would be once too often.
    passedOn = passedOn.then(async () => {
      if (!(await witness.hasSeen(signal))) child.kill(signal);
    });
  });
  const child = start(program, args, world);
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', (cause) => {
      // Else a signal could not be sent, as to a command that has become another user's: it goes on.
      if (child.pid === undefined) reject(notStarted(program, cause));
    });
    child.once('exit', (code, signal) => resolve(code ?? SIGNALLED + (signal ? constants.signals[signal] : 0)));
  });
  const guard = child.pid === undefined ? undefined : endWithUs(child.pid);
  try {
    return await ended;
  } finally {
    guard?.[Symbol.dispose]();
    signals[Symbol.dispose]();
  }
}

function start(program: string, args: readonly string[], { env }: World): ChildProcess {
  if (program === '') throw new NotStartedError('the command is an empty word', NOT_FOUND);
  try {
    return spawn(program, args, { stdio: 'inherit', env });
  } catch (cause) {
    throw notStarted(program, cause); // where it is no question of there and permitted, as behind a file: Node throws
  }
}

function notStarted(program: string, cause: unknown): NotStartedError {
  const code = systemErrorCode(cause);
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new NotStartedError(`there is no command ${program}`, NOT_FOUND, { cause });
  return new NotStartedError(`${program} cannot be run`, NOT_EXECUTABLE, { cause });
}
