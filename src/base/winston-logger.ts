// The Logger on winston: one line per event on a stream.

import { inspect } from 'node:util';
import winston from 'winston';
import type { Clock } from './clock.js';
import { describeError } from './errors.js';
import { type LogFields, type Logger, type LogLevel, logLevels } from './logger.js';
import { RepeatedFaults } from './repeated-faults.js';

/**
 * text: time, level, sentence, fields. journal: without the time, which the journal adds, and with the priority in
 * front (sd-daemon(3), "<N>"). json: an object per line.
 */
export type LogLineFormat = 'text' | 'journal' | 'json';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogLineFormat;
  readonly clock: Clock;
  /** Colours the level, in text. */
  readonly colour?: boolean;
  /** Where lines go; standard error in the daemon. */
  readonly stream: NodeJS.WritableStream;
}

export interface LogOutput extends AsyncDisposable {
  readonly log: Logger;
  setLevel(level: LogLevel): void;
}

/**
 * Opens the log. Disposing it waits until the last line is written: a process that exits before that loses lines.
 *
 * A warning or error that comes again and again is written once, and then how often it was repeated: `RepeatedFaults`.
 */
export function openLog({ level, format, colour = false, stream, clock }: LogOptions): LogOutput {
  const logger = winston.createLogger({
    levels: Object.fromEntries(logLevels.map((name, severity) => [name, severity])),
    level: 'trace', // ours is asked before
    format: winston.format.printf((info) => formats[format](info.entry as Entry, colour)),
    transports: [new winston.transports.Stream({ stream })],
  });
  const sink = new Sink(logger, level, clock);
  return {
    log: new WinstonLogger(sink, {}),
    setLevel: (next) => sink.setLevel(next),
    async [Symbol.asyncDispose]() {
      sink[Symbol.dispose]();
      logger.end();
      // winston hands every line to the stream at once; the stream calls back when it has taken them all.
      await new Promise((resolve) => stream.write('', resolve));
    },
  };
}

/** One event, on its way to a line. */
interface Entry {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly time: Date;
}

/** What loggers and their children share: the level, and the faults that may come again. */
class Sink implements Disposable {
  #enabled: ReadonlySet<LogLevel>;
  readonly #faults: RepeatedFaults<Entry>;

  constructor(
    private readonly logger: winston.Logger,
    level: LogLevel,
    private readonly clock: Clock,
  ) {
    this.#enabled = levelsUpTo(level);
    this.#faults = new RepeatedFaults<Entry>(clock, (entry, repeated) =>
      this.#print({ ...entry, time: clock.date(), fields: { ...entry.fields, repeated } }),
    );
  }

  setLevel(level: LogLevel): void {
    this.#enabled = levelsUpTo(level);
  }

  // winston spends microseconds on a line it then drops, so the level is asked before it is called.
  isEnabled(level: LogLevel): boolean {
    return this.#enabled.has(level);
  }

  write(level: LogLevel, message: string, fields: LogFields): void {
    const entry: Entry = { level, message, fields, time: this.clock.date() };
    const isFault = level === 'error' || level === 'warn';
    if (isFault && this.#faults.count(`${level} ${message} ${inspect(fields)}`, entry)) return;
    this.#print(entry);
  }

  [Symbol.dispose](): void {
    this.#faults[Symbol.dispose]();
  }

  #print(entry: Entry): void {
    this.logger.log({ level: entry.level, message: entry.message, entry });
  }
}

class WinstonLogger implements Logger {
  constructor(
    private readonly sink: Sink,
    private readonly fields: LogFields,
  ) {}

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
    return this.sink.isEnabled(level);
  }

  child(fields: LogFields): Logger {
    return new WinstonLogger(this.sink, { ...this.fields, ...fields });
  }

  #write(level: LogLevel, message: string, fields: LogFields | undefined): void {
    if (this.sink.isEnabled(level)) this.sink.write(level, message, { ...this.fields, ...fields });
  }
}

function levelsUpTo(level: LogLevel): ReadonlySet<LogLevel> {
  return new Set(logLevels.slice(0, logLevels.indexOf(level) + 1));
}

const formats: Readonly<Record<LogLineFormat, (entry: Entry, colour: boolean) => string>> = {
  text: (entry, colour) => `${entry.time.toISOString()} ${levelWord(entry.level, colour)} ${sentence(entry)}`,
  journal: (entry) => `<${priorities[entry.level]}>${sentence(entry)}`,
  json: ({ time, level, message, fields }) => JSON.stringify({ time, level, message, ...jsonFields(fields) }),
};

/** Of syslog(3); the journal has nothing below debug. */
const priorities: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7, trace: 7 };

/** SGR numbers: red, yellow, green, blue, grey. */
const colours: Readonly<Record<LogLevel, number>> = { error: 31, warn: 33, info: 32, debug: 34, trace: 90 };

function levelWord(level: LogLevel, colour: boolean): string {
  return colour ? `\u001b[${colours[level]}m${level.padEnd(5)}\u001b[0m` : level.padEnd(5);
}

function sentence({ message, fields }: Entry): string {
  const words = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${formatValue(value)}`);
  return message + words.join('');
}

/** One word as it is; anything else in quotes, and always on one line. */
function formatValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(describeError(value));
  if (typeof value !== 'string') return inspect(value, { breakLength: Infinity });
  return /^[\w.:@/+-]+$/.test(value) ? value : JSON.stringify(value);
}

function jsonFields(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? describeError(value) : value]),
  );
}
