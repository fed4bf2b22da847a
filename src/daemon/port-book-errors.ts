// What can be wrong with the port book, each with what to do about it.

import { DaemonError } from '../base/errors.js';
import type { PortRange } from '../config/config.js';

/** All ports of the range belong to probes. */
export class PortRangeFullError extends DaemonError {
  readonly kind = 'busy';

  constructor(uid: string, { first, last }: PortRange, holders: readonly string[]) {
    const shown = holders.slice(0, 3).join(', ');
    const more = holders.length > 3 ? ` and ${holders.length - 3} more` : '';
    super(
      `no port is left for probe ${uid}: ${first} to ${last} belong to ${shown}${more}: ` +
        `run "probectl forget UID" for one that is gone, or raise listen.port_count`,
    );
  }
}

/** The book cannot be kept in its files; the cause says why. */
export class PortBookError extends DaemonError {
  readonly kind = 'access';
  /** What to do about it. */
  readonly remedy: string;

  constructor(what: string, directory: string, cause: unknown) {
    super(`${what}: what changes now is lost when the daemon stops`, cause === undefined ? {} : { cause });
    this.remedy = remedyFor(cause, directory);
  }
}

function remedyFor(cause: unknown, directory: string): string {
  switch (cause instanceof Error ? Reflect.get(cause, 'code') : undefined) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `make room on the disk of ${directory}: it is tried again every minute`;
    case 'EACCES':
    case 'EPERM':
      return `make ${directory} writable for the user that probed runs as`;
    case 'EEXIST':
    case 'ENOTDIR':
      return `${directory} must be a directory: move away what is there`;
    case 'EROFS':
      return `${directory} is on a disk that is mounted read-only: mount it to be written, or set state.directory`;
    case undefined:
      return `install the newer probed again, or move the files in ${directory} away`;
    default:
      return `look after ${directory}, or set state.directory to another place`;
  }
}
