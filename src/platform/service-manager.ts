// Tells the service manager how the daemon is: sd_notify(3). Node cannot send datagrams to a Unix socket, so libsystemd
// does, which every machine with systemd has.

import { execFile } from 'node:child_process';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';

export interface ServiceManager {
  /** Sends assignments, one a line: "READY=1\nSTATUS=serving 2 probes". Never throws: a service can go on untold. */
  notify(assignments: string): void;
}

/** Where nobody waits to be told. */
export const noServiceManager: ServiceManager = { notify: () => undefined };

type Environment = Readonly<Record<string, string | undefined>>;

/** The service manager that started this process, if there is one and it wants to be told. Else nothing is loaded. */
export async function findServiceManager(
  env: Environment,
  log: Logger,
  load: () => Promise<SdNotify> = loadSdNotify,
): Promise<ServiceManager> {
  if ((env.NOTIFY_SOCKET ?? '') === '') return noServiceManager;
  try {
    return libsystemd(await load(), log);
  } catch (error) {
    log.warn('no native notification: a process is started for each', { reason: describeError(error) });
    return new NotifyProgram(log);
  }
}

/**
 * How long the service manager waits for a sign of life before it ends the process, in milliseconds: sd_watchdog_enabled(3).
 * @param pid  of this process: a child inherits the variables, but is not meant
 */
export function watchdogTimeoutMs({ WATCHDOG_USEC, WATCHDOG_PID }: Environment, pid: number): number | undefined {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid)) return undefined;
  const timeoutUs = Number(WATCHDOG_USEC);
  return timeoutUs > 0 ? timeoutUs / 1000 : undefined;
}

/** `int sd_notify(int unset_environment, const char *state)`: positive if sent, 0 without socket, else -errno. */
type SdNotify = (unsetEnvironment: number, state: string) => number;

async function loadSdNotify(): Promise<SdNotify> {
  const { default: koffi } = await import('koffi');
  const native = koffi.load('libsystemd.so.0').func('int sd_notify(int, const char *)');
  return (unsetEnvironment, state) => Number(native(unsetEnvironment, state));
}

function libsystemd(sdNotify: SdNotify, log: Logger): ServiceManager {
  return {
    notify(assignments) {
      const result = sdNotify(0, assignments);
      if (result < 0) log.warn('the service manager cannot be told', { errno: -result });
    },
  };
}

/** systemd-notify(1), in order. The unit must say NotifyAccess=all: it is not the main process that speaks. */
class NotifyProgram implements ServiceManager {
  #last: Promise<void> = Promise.resolve();

  constructor(private readonly log: Logger) {}

  notify(assignments: string): void {
    this.#last = this.#last.then(() => this.#run(assignments.split('\n')));
  }

  #run(args: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      execFile('systemd-notify', args, { timeout: 5000 }, (error) => {
        if (error) this.log.warn('the service manager cannot be told', { reason: describeError(error) });
        resolve();
      });
    });
  }
}
