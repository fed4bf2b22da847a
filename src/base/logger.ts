// What the daemon asks of a logger. The implementation on winston is in winston-logger.ts.

export const logLevels = ['error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Values a log line may carry after its fixed sentence. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * `log.info('probe attached', { uid, family, port })`: a fixed sentence, then fields.
 * error: someone must act. warn: we coped. info: attach, detach, serve, clients, reload, stop. debug: requests.
 * trace: packets in hex.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  trace(message: string, fields?: LogFields): void;
  /** Whether a line of that level would be written: ask before building costly fields. */
  isEnabled(level: LogLevel): boolean;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

/** Writes nothing. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
  trace: () => undefined,
  isEnabled: () => false,
  child: () => silentLogger,
};
