/** What to do where the state directory cannot be used. @param cause  why; undefined: a newer probed has written there */
export function remedyFor(cause: unknown, directory: string): string {
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
