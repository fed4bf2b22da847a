import { DaemonError, RequestError } from '../base/errors.js';

/** The command line cannot be understood; the message says what to write instead. Exit code 2. */
export class UsageError extends RequestError {}

/** One mistake: where, what, and what is allowed instead. */
export interface Complaint {
  /** "file:line:column"; the file alone where it could not be read. */
  readonly where: string;
  readonly what: string;
}

/** The config cannot be used. The message has a line for each mistake, in the order of the file. Exit code 2. */
export class ConfigError extends DaemonError {
  readonly kind = 'request';

  constructor(
    readonly complaints: readonly Complaint[],
    options?: ErrorOptions,
  ) {
    super(complaints.map(({ where, what }) => `${where}: ${what}`).join('\n'), options);
  }
}
