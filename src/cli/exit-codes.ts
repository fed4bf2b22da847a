/** How probectl ends. docs/probectl.md has the same table. */
export const ExitCode = {
  Ok: 0,
  /** The daemon refused or failed. */
  Failure: 1,
  /** The command line cannot be understood. */
  Usage: 2,
  /** No daemon answers. */
  NoDaemon: 3,
  /** No probe is called that, or several are. */
  NoSuchProbe: 4,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
