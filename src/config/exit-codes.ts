/** How probed ends. */
export const ExitCode = {
  Ok: 0,
  /** It could not run, or could not go on. */
  Failure: 1,
  /** The command line or the config file cannot be understood. Starting again does not help. */
  Usage: 2,
} as const;
