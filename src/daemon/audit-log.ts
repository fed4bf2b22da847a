// The audit log: who was let in, kept out and dropped, and who has reserved what. A file of its own, a JSON object per
// line, so that it can be kept longer than the other log, and read by other people.

import path from 'node:path';
import type { Clock } from '../base/clock.js';
import { DaemonError } from '../base/errors.js';
import type { AuditSettings } from '../config/config.js';
import type { DaemonEvent, NumberedEvent } from '../control/daemon-events.js';
import { type AuditFiles, auditFiles } from './audit-files.js';
import { remedyFor } from './state-remedy.js';

/** The audit log cannot be written; the cause says why. */
export class AuditError extends DaemonError {
  readonly kind = 'access';
  /** What to do about it. */
  readonly remedy: string;

  constructor(file: string, cause: unknown) {
    super(`the audit log ${file} cannot be written: the last ${MAX_WAITING} lines are kept for it`, { cause });
    this.remedy = remedyFor(cause, path.dirname(file), 'audit.file');
  }
}

export interface AuditLogOptions {
  readonly settings: AuditSettings;
  readonly clock: Clock;
  readonly files?: AuditFiles;
  /** Called when it cannot be written, and when it can again. */
  readonly onProblem: (problem: AuditError | undefined) => void;
}

/** What goes to the audit log. */
export const audited: ReadonlySet<DaemonEvent['type']> = new Set([
  'client-in',
  'client-out',
  'queued',
  'admitted',
  'refused',
  'turned-away',
  'dropped',
  'kicked',
  'reserved',
  'extended',
  'released',
  'expired',
  'reloaded',
  'stopping',
]);

/** Lines that wait for a disk. */
const MAX_WAITING = 1000;
const RETRY_MS = 60_000;

export class AuditLog implements AsyncDisposable {
  readonly #options: AuditLogOptions;
  readonly #files: AuditFiles;
  #settings: AuditSettings;
  #waiting: string[] = [];
  #lost = 0;
  #writing: Promise<void> | undefined;
  #retry: Disposable | undefined;
  #problem: AuditError | undefined;

  constructor(options: AuditLogOptions) {
    this.#options = options;
    this.#files = options.files ?? auditFiles;
    this.#settings = options.settings;
  }

  /** Why it is not written; undefined while all is well. */
  get problem(): AuditError | undefined {
    return this.#problem;
  }

  /** For what happens from now on. */
  configure(settings: AuditSettings): void {
    this.#settings = settings;
  }

  /** Clients are numbered from 1 on again from here. */
  started(version: string): void {
    this.#add({ type: 'started', version });
  }

  note({ time, event }: Pick<NumberedEvent, 'time' | 'event'>): void {
    if (audited.has(event.type)) this.#add(event, time);
  }

  /** Waits until everything is written, or cannot be. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopRetry();
    this.#write();
    await this.#writing;
    this.#stopRetry();
  }

  #add(what: object, time?: string): void {
    if (this.#settings.file === undefined) return;
    this.#wait([this.#line(what, time)]);
    this.#write();
  }

  #wait(lines: readonly string[]): void {
    this.#waiting.push(...lines);
    const tooMany = Math.max(0, this.#waiting.length - MAX_WAITING);
    this.#waiting.splice(0, tooMany);
    this.#lost += tooMany;
  }

  #line(what: object, time = this.#options.clock.date().toISOString()): string {
    return `${JSON.stringify({ time, ...what })}\n`;
  }

  /** Writes what waits, unless that is being done, or was tried in vain a moment ago. */
  #write(): void {
    if (this.#retry) return;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    const { file } = this.#settings;
    while (this.#waiting.length > 0 && file !== undefined) {
      const lines = this.#waiting.splice(0);
      const lost = this.#lost;
      const gap = lost === 0 ? '' : this.#line({ type: 'lost', lines: lost });
      let written = false;
      try {
        await this.#files.makeDirectory(path.dirname(file));
        const sizeBytes = await this.#files.append(file, gap + lines.join(''));
        written = true;
        this.#lost -= lost;
        if (sizeBytes >= this.#settings.maxBytes) await this.#rotate(file);
        this.#changeProblem(undefined);
      } catch (cause) {
        if (!written) this.#wait(lines.concat(this.#waiting.splice(0)));
        this.#changeProblem(new AuditError(file, cause));
        this.#retryLater();
        return;
      }
    }
  }

  /** "audit.jsonl" becomes "audit.jsonl.1", and so on; the oldest is overwritten. */
  async #rotate(file: string): Promise<void> {
    for (let i = this.#settings.files - 1; i >= 1; i--)
      await this.#files.rename(i === 1 ? file : `${file}.${i - 1}`, `${file}.${i}`);
  }

  #retryLater(): void {
    this.#retry = this.#options.clock.timer(RETRY_MS, () => {
      this.#stopRetry();
      this.#write();
    });
  }

  #stopRetry(): void {
    this.#retry?.[Symbol.dispose]();
    this.#retry = undefined;
  }

  #changeProblem(problem: AuditError | undefined): void {
    const before = this.#problem;
    this.#problem = problem;
    if (before?.message !== problem?.message) this.#options.onProblem(problem);
  }
}
