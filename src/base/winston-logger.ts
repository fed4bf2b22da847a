// The Logger on winston: one line per event on a stream.

import { inspect } from 'node:util';
import winston from 'winston';
import { describeError } from './errors.js';
import { type LogFields, type Logger, type LogLevel, logLevels } from './logger.js';

export interface LogOutput extends AsyncDisposable {
  readonly log: Logger;
}

/**
 * Opens the log. Disposing it waits until the last line is written: a process that exits before that loses lines.
 *
 * Line format: ISO time, level, the fixed sentence, then `name=value` fields.
 *
 * @param stream  where lines go; standard error in the daemon
 */
export function openLog(options: { level: LogLevel; stream: NodeJS.WritableStream }): LogOutput {
  const logger = winston.createLogger({
    levels: Object.fromEntries(logLevels.map((level, severity) => [level, severity])),
    level: options.level,
    format: winston.format.combine(winston.format.timestamp(), winston.format.printf(formatLine)),
    transports: [new winston.transports.Stream({ stream: options.stream })],
  });
  return {
    log: new WinstonLogger(logger, {}),
    async [Symbol.asyncDispose]() {
      logger.end();
      // winston hands every line to the stream at once; the stream calls back when it has taken them all.
      await new Promise((resolve) => options.stream.write('', resolve));
    },
  };
}

class WinstonLogger implements Logger {
  readonly #enabled: ReadonlySet<LogLevel>;

  constructor(
    private readonly logger: winston.Logger,
    private readonly fields: LogFields,
  ) {
    // winston spends microseconds on a line it then drops, so the level is asked before it is called.
    this.#enabled = new Set(logLevels.filter((level) => logger.isLevelEnabled(level)));
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  trace(message: string, fields?: LogFields): void {
    this.#write('trace', message, fields);
  }

  isEnabled(level: LogLevel): boolean {
    return this.#enabled.has(level);
  }

  child(fields: LogFields): Logger {
    return new WinstonLogger(this.logger, { ...this.fields, ...fields });
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (!this.#enabled.has(level)) return;
    this.logger.log({ level, message, fields: { ...this.fields, ...fields } });
  }
}

function formatLine(info: winston.Logform.TransformableInfo): string {
  const fields = Object.entries(info.fields ?? {})
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${formatValue(value)}`);
  return `${String(info.timestamp)} ${info.level.padEnd(5)} ${String(info.message)}${fields.join('')}`;
}

/** One word as it is; anything else in quotes, and always on one line. */
function formatValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(describeError(value));
  if (typeof value !== 'string') return inspect(value, { breakLength: Infinity });
  return /^[\w.:@/+-]+$/.test(value) ? value : JSON.stringify(value);
}
