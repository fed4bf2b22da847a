/**
 * What to do where a directory of ours cannot be used.
 *
 * @param cause    why; undefined: a newer probed has written there
 * @param setting  the key of the config that puts it elsewhere
 */
export function remedyFor(cause: unknown, directory: string, setting = 'state.directory'): string {
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
      return `${directory} is on a disk that is mounted read-only: mount it to be written, or set ${setting}`;
    case undefined:
      return `install the newer probed again, or move the files in ${directory} away`;
    default:
      return `look after ${directory}, or set ${setting} to another place`;
  }
}
