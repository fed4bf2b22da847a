// Which probe has which port, for good; and what probectl has set for single probes.

import path from 'node:path';
import { describeError } from '../base/errors.js';
import { FifoLock } from '../base/fifo-lock.js';
import { never } from '../base/never.js';
import type { PortRange } from '../config/config.js';
import { decodeBook, type DecodedBook, encodeBook, type ProbeRecord } from './port-book-file.js';
import { PortBookError, PortRangeFullError } from './port-book-errors.js';
import { replaceFile, type StateFiles, systemFiles } from './state-files.js';

/** What the config says about ports. */
export interface PortRules {
  /** `first` 0: the book gives no ports, and the system chooses. */
  readonly range: PortRange;
  /** Ports the config file gives to probes, by uid. They go over the book, and nobody else gets them. */
  readonly fixed: ReadonlyMap<string, number>;
}

export interface PortBookOptions extends PortRules {
  /** The state directory; made if it is not there. */
  readonly directory: string;
  readonly files?: StateFiles;
  /** Called when writing begins to fail, fails for another reason, or works again; `problem` says which. */
  readonly onProblem?: (problem: PortBookError | undefined) => void;
}

export interface PortBookEntry extends ProbeRecord {
  readonly uid: string;
}

/** A key that is there with `undefined` is forgotten: the default or the config file holds again. */
export interface RecordChange {
  readonly enabled?: boolean | undefined;
  readonly name?: string | undefined;
}

const FILE_NAMES = ['ports.1', 'ports.2'] as const;

/**
 * Kept in two files with the same content, so that either can be lost. Each is written beside its place, synced, renamed
 * and the directory synced before the other is touched; a change is done when both have it.
 *
 * Whatever happens to the files, the book works on in memory: see `problem`.
 */
export class PortBook implements AsyncDisposable {
  readonly #lock = new FifoLock();
  readonly #files: StateFiles;
  readonly #directory: string;
  readonly #onProblem: (problem: PortBookError | undefined) => void;
  #rules: PortRules;
  #records = new Map<string, ProbeRecord>();
  #generation = 0;
  /** The file that is written first: the one that is worth less. */
  #weaker: 0 | 1 = 0;
  /** A write that has not begun: every change made until then is in it. */
  #nextWrite: Promise<void> | undefined;
  #isSaved = true;
  #problem: PortBookError | undefined;
  /** Why nothing may be written: it would destroy what a person can still save. */
  #keepOff = false;
  readonly #findings: string[] = [];

  private constructor(options: PortBookOptions) {
    const { directory, range, fixed, files = systemFiles, onProblem = () => undefined } = options;
    this.#directory = directory;
    this.#files = files;
    this.#onProblem = onProblem;
    this.#rules = { range, fixed };
  }

  /** Never fails: a book that cannot be read or written is in memory only, and `problem` says so. */
  static async open(options: PortBookOptions): Promise<PortBook> {
    const book = new PortBook(options);
    await book.#load();
    return book;
  }

  /** Why the book is in memory only, for the log and for `status`; undefined while all is well. */
  get problem(): PortBookError | undefined {
    return this.#problem;
  }

  /** What was wrong with the files when the book was opened, in a sentence each, for the log. */
  get findings(): readonly string[] {
    return this.#findings;
  }

  /** All probes that have been given a port or a setting; `port` as `portFor` has it. */
  get entries(): readonly PortBookEntry[] {
    return [...this.#records].map(([uid, { enabled, name }]) => {
      const port = this.portFor(uid);
      return {
        uid,
        ...(port !== undefined && { port }),
        ...(enabled !== undefined && { enabled }),
        ...(name !== undefined && { name }),
      };
    });
  }

  /** What probectl has set for a probe. */
  recordOf(uid: string): ProbeRecord {
    return this.#records.get(uid) ?? {};
  }

  /** The port a probe has; undefined if it has none yet. */
  portFor(uid: string): number | undefined {
    const fixed = this.#rules.fixed.get(uid);
    if (fixed !== undefined) return fixed;
    const port = this.#records.get(uid)?.port;
    return port === undefined || this.#isFixed(port) ? undefined : port;
  }

  /** Takes over what a new config says. Ports that probes have already stay, inside the range or not. */
  configure(rules: PortRules): void {
    this.#rules = rules;
  }

  /**
   * The port of a probe: the one the config gives it, the one it always had, or else the lowest that belongs to no
   * probe, which it then keeps. 0: any. Returns when that is on the disk, or `problem` says why it is not.
   *
   * @throws PortRangeFullError
   */
  async assign(uid: string): Promise<number> {
    const known = this.portFor(uid);
    if (known !== undefined) {
      // Somebody may have assigned it a moment ago and be waiting for the disk.
      await this.#idle();
      return known;
    }
    if (this.#rules.range.first === 0) return 0;
    const port = this.#freePort(uid);
    this.#records.set(uid, { ...this.#records.get(uid), port });
    await this.#save();
    return port;
  }

  /** Keeps what probectl enable, disable and rename set. Returns as `assign` does. */
  async update(uid: string, change: RecordChange): Promise<void> {
    // With what a later version may have noted: a downgrade must not cost it.
    const merged = Object.entries({ ...this.#records.get(uid), ...change });
    this.#records.set(uid, Object.fromEntries(merged.filter(([, value]) => value !== undefined)));
    await this.#save();
  }

  /** Drops all that is known of a probe; its port is free. Returns as `assign` does. @returns whether it was known */
  async forget(uid: string): Promise<boolean> {
    if (!this.#records.delete(uid)) return false;
    await this.#save();
    return true;
  }

  /** Whether there is something that could not be written and may be tried again. */
  get isBehind(): boolean {
    return !this.#isSaved && !this.#keepOff;
  }

  /** Tries again to write what could not be written; nothing happens if there is nothing. Returns as `assign` does. */
  async retry(): Promise<void> {
    if (this.isBehind) await this.#save();
  }

  /** Ends with a last try to write what could not be written before. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.retry();
    await this.#idle();
  }

  #isFixed(port: number): boolean {
    return [...this.#rules.fixed.values()].includes(port);
  }

  #freePort(uid: string): number {
    const { range, fixed } = this.#rules;
    const holders = new Map<number, string>();
    for (const [holder, { port }] of this.#records) if (port !== undefined) holders.set(port, holder);
    for (const [holder, port] of fixed) holders.set(port, holder);
    for (let port = range.first; port <= range.last; port++) if (!holders.has(port)) return port;
    const inRange = [...holders].filter(([port]) => range.first <= port && port <= range.last);
    throw new PortRangeFullError(
      uid,
      range,
      inRange.map(([, holder]) => holder),
    );
  }

  // ---- the files

  async #load(): Promise<void> {
    const copies = await Promise.all(FILE_NAMES.map((name) => this.#read(name)));
    const [first, second] = copies.map((copy) => (copy.state === 'intact' ? copy : undefined));
    const best = second && (!first || second.generation > first.generation) ? second : first;
    this.#weaker = best && best === first ? 1 : 0;
    if (best) {
      this.#records = new Map(best.records);
      this.#generation = best.generation;
    }

    const unreadable = copies.find((copy) => copy.state === 'unreadable');
    const isDamaged = copies.some((copy) => copy.state === 'damaged');
    if (copies.some((copy) => copy.state === 'newer')) {
      this.#keepOff = true;
      this.#noteProblem(this.#error('the port book is from a newer probed and is left alone'));
    } else if (best) {
      if (isDamaged)
        this.#findings.push('one of the two copies of the port book was damaged: made anew from the other');
      if (first?.generation !== second?.generation) await this.#save();
    } else if (unreadable) {
      this.#keepOff = true;
      this.#noteProblem(this.#error('the port book cannot be read', unreadable.error));
    } else if (isDamaged) {
      await this.#setAside(copies);
    }
  }

  async #read(name: string): Promise<Copy> {
    try {
      const bytes = await this.#files.read(path.join(this.#directory, name));
      return bytes ? decodeBook(bytes) : { state: 'missing' };
    } catch (error) {
      return { state: 'unreadable', error };
    }
  }

  /** No copy is left to read. What is there may still tell a person which probe had which port. */
  async #setAside(copies: readonly Copy[]): Promise<void> {
    const what = 'both copies of the port book are damaged or gone: probes may get other ports than before';
    this.#findings.push(what);
    try {
      for (const [index, name] of FILE_NAMES.entries()) {
        if (copies.at(index)?.state === 'missing') continue;
        const file = path.join(this.#directory, name);
        await this.#files.rename(file, `${file}.damaged`);
        this.#findings.push(`what is left of the port book is kept as ${file}.damaged`);
      }
    } catch (error) {
      this.#keepOff = true;
      this.#noteProblem(this.#error('the port book is damaged and cannot be replaced', error));
    }
  }

  /** Changes made before the write begins are all in it, so 64 probes that appear at once cost one write or two. */
  #save(): Promise<void> {
    this.#isSaved = false;
    this.#nextWrite ??= this.#lock.run(never, async () => {
      this.#nextWrite = undefined;
      await this.#write();
    });
    return this.#nextWrite;
  }

  async #write(): Promise<void> {
    if (this.#keepOff) return;
    this.#isSaved = true;
    this.#generation++;
    const content = encodeBook(this.#generation, this.#records);
    try {
      await this.#files.makeDirectory(this.#directory);
      await this.#replace(this.#weaker, content);
      this.#weaker = this.#weaker === 0 ? 1 : 0;
      await this.#replace(this.#weaker, content);
      this.#noteProblem(undefined);
    } catch (error) {
      this.#isSaved = false;
      this.#noteProblem(this.#error('the port book cannot be written', error));
    }
  }

  #error(what: string, cause?: unknown): PortBookError {
    return new PortBookError(what, this.#directory, cause);
  }

  /** The same problem again is no news. */
  #noteProblem(problem: PortBookError | undefined): void {
    const isNews = describe(problem) !== describe(this.#problem);
    this.#problem = problem;
    if (isNews) this.#onProblem(problem);
  }

  #replace(index: 0 | 1, content: Uint8Array): Promise<void> {
    return replaceFile(this.#files, this.#directory, FILE_NAMES[index], content);
  }

  /** Waits for what is being written, and for what waits for that. */
  #idle(): Promise<void> {
    return this.#lock.run(never, async () => undefined);
  }
}

type Copy = DecodedBook | { readonly state: 'missing' } | { readonly state: 'unreadable'; readonly error: unknown };

function describe(problem: PortBookError | undefined): string {
  return problem ? describeError(problem) : '';
}
