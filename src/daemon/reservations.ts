// Who has reserved which probe, and until when. Kept in the state directory, so that a restart takes nothing away; and
// every reservation ends by itself, whether the daemon runs then or not.

import path from 'node:path';
import type { Clock } from '../base/clock.js';
import { DaemonError, describeError, RequestError } from '../base/errors.js';
import { FifoLock } from '../base/fifo-lock.js';
import { never } from '../base/never.js';
import type { ReservationWish } from '../control/daemon-view.js';
import { formatDuration } from '../control/duration.js';
import type { Reservation } from '../sharing/admission.js';
import { decodeReservations, encodeReservations } from './reservations-file.js';
import { replaceFile, type StateFiles, systemFiles } from './state-files.js';
import { remedyFor } from './state-remedy.js';

/** The reservations cannot be kept in their file; the cause says why. */
export class ReservationsError extends DaemonError {
  readonly kind = 'access';
  /** What to do about it. */
  readonly remedy: string;

  constructor(directory: string, cause: unknown) {
    super('reservations cannot be written: what changes now is lost when the daemon stops', { cause });
    this.remedy = remedyFor(cause, directory);
  }
}

export interface ReservationsOptions {
  /** The state directory; made if it is not there. */
  readonly directory: string;
  readonly files?: StateFiles;
  readonly clock: Clock;
  /** How long a probe may be reserved, from the moment it is reserved or extended. */
  readonly longestMs: number;
  /** Called when one has ended by itself. */
  readonly onExpired?: (uid: string, reservation: Reservation) => void;
}

/** The wall clock may be set while we sleep: it is looked at again at least so often. */
const LOOK_AGAIN_MS = 10_000;
/** A wall clock that says less has not been set since the machine was switched on. */
const LEAST_DATE_MS = Date.UTC(2025, 0, 1);
/** What could not be written is tried again after so long. */
const RETRY_MS = 60_000;

export class Reservations implements AsyncDisposable {
  readonly #options: ReservationsOptions;
  readonly #files: StateFiles;
  #longestMs: number;
  readonly #lock = new FifoLock();
  readonly #held = new Map<string, Held>();
  readonly #listeners = new Set<(uid: string) => void>();
  #timer: Disposable | undefined;
  #retry: Disposable | undefined;
  /** The last write. Never rejects. */
  #saved: Promise<void> = Promise.resolve();
  #problem: ReservationsError | undefined;
  #finding: string | undefined;

  private constructor(options: ReservationsOptions) {
    this.#options = options;
    this.#files = options.files ?? systemFiles;
    this.#longestMs = options.longestMs;
  }

  /** Never fails: what cannot be read is lost, and `finding` says so. */
  static async open(options: ReservationsOptions): Promise<Reservations> {
    const reservations = new Reservations(options);
    await reservations.#load();
    return reservations;
  }

  /** Why they are in memory only; undefined while all is well. */
  get problem(): ReservationsError | undefined {
    return this.#problem;
  }

  /** What was wrong with the file when it was opened, in a sentence, for the log. */
  get finding(): string | undefined {
    return this.#finding;
  }

  /** The reservation that holds for a probe now. */
  of(uid: string): Reservation | undefined {
    const held = this.#held.get(uid);
    return held && !this.#isOver(held) ? held.reservation : undefined;
  }

  /** Calls `listener` with the uid of a probe whose reservation has begun, changed or ended, until disposed. */
  subscribe(listener: (uid: string) => void): Disposable {
    const own = (uid: string): void => listener(uid);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => this.#listeners.delete(own) };
  }

  /** For what is reserved or extended from now on. */
  configure({ longestMs }: Pick<ReservationsOptions, 'longestMs'>): void {
    this.#longestMs = longestMs;
  }

  /**
   * Reserves a probe. Returns when that is on the disk, or `problem` says why it is not.
   * @throws RequestError  if it is reserved already, or for too long
   */
  async reserve(uid: string, { lengthMs, ...wish }: ReservationWish): Promise<Reservation> {
    const other = this.of(uid);
    if (other) {
      const words = `probe ${uid} is reserved for ${other.principal} until ${other.until.toISOString()}`;
      throw new RequestError(`${words}: "probectl extend" lengthens that, "probectl release" ends it`);
    }
    return this.#hold(uid, { ...wish, until: this.#laterThan(this.#options.clock.date(), lengthMs) });
  }

  /** Makes a reservation end so much later. @throws RequestError  if there is none, or it would last too long */
  async extend(uid: string, byMs: number): Promise<Reservation> {
    const reservation = this.#required(uid);
    return this.#hold(uid, { ...reservation, until: this.#laterThan(reservation.until, byMs) });
  }

  /** Ends a reservation. @returns what it was @throws RequestError  if there is none */
  async release(uid: string): Promise<Reservation> {
    const reservation = this.#required(uid);
    this.#held.delete(uid);
    await this.#changed(uid);
    return reservation;
  }

  /** Waits for what is being written, and tries once more what could not be. What is reserved stays so. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#saved;
    if (this.#problem) await this.#save();
    this.#retry?.[Symbol.dispose]();
  }

  #required(uid: string): Reservation {
    const reservation = this.of(uid);
    if (!reservation) throw new RequestError(`probe ${uid} is not reserved`);
    return reservation;
  }

  async #hold(uid: string, reservation: Reservation): Promise<Reservation> {
    this.#held.set(uid, this.#heldFrom(reservation));
    await this.#changed(uid);
    return reservation;
  }

  #heldFrom(reservation: Reservation): Held {
    const { clock } = this.#options;
    const leftMs = reservation.until.getTime() - clock.date().getTime();
    // Where the wall clock is not set yet, after a reboot, it may say that years are left.
    return { reservation, endsBy: clock.now() + Math.min(leftMs, this.#longestMs) };
  }

  /**
   * One that was made while the wall clock was ahead would begin anew with every start. Where it is this machine's clock
   * that is behind, it may be right, and the time that passes ends it.
   */
  #shortened(reservation: Reservation): Reservation {
    const nowMs = this.#options.clock.date().getTime();
    const latest = new Date(nowMs + this.#longestMs);
    return nowMs < LEAST_DATE_MS || reservation.until <= latest ? reservation : { ...reservation, until: latest };
  }

  /** By the wall clock, or by the time that has passed: a wall clock that is set back must not make it last. */
  #isOver({ reservation, endsBy }: Held): boolean {
    const { clock } = this.#options;
    return clock.date() >= reservation.until || clock.now() >= endsBy;
  }

  #laterThan(date: Date, ms: number): Date {
    const later = new Date(date.getTime() + ms);
    if (later.getTime() > this.#options.clock.date().getTime() + this.#longestMs) {
      const longest = `${formatDuration(this.#longestMs)} from now on`;
      throw new RequestError(`a reservation may last ${longest} (access.longest_reservation): ask for less`);
    }
    return later;
  }

  /** Ends what is over, and comes back when the next one is. */
  #look(): void {
    const { clock, onExpired } = this.#options;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const [uid, held] of this.#held) {
      if (!this.#isOver(held)) continue;
      this.#held.delete(uid);
      onExpired?.(uid, held.reservation);
      this.#tell(uid);
      this.#saved = this.#save();
    }
    const left = [...this.#held.values()].map(({ reservation, endsBy }) =>
      Math.min(endsBy - clock.now(), reservation.until.getTime() - clock.date().getTime()),
    );
    if (left.length > 0) {
      const delayMs = Math.max(1, Math.min(...left, LOOK_AGAIN_MS));
      this.#timer = clock.timer(delayMs, () => this.#look());
    }
  }

  async #changed(uid: string): Promise<void> {
    this.#look();
    this.#tell(uid);
    this.#saved = this.#save();
    await this.#saved;
  }

  #tell(uid: string): void {
    for (const listener of this.#listeners) listener(uid);
  }

  // ---- the file

  async #load(): Promise<void> {
    const { directory } = this.#options;
    try {
      const bytes = await this.#files.read(path.join(directory, FILE_NAME));
      const kept = bytes ? decodeReservations(bytes) : new Map<string, Reservation>();
      if (!kept) this.#finding = 'the file of reservations is damaged: probes that were reserved are free now';
      for (const [uid, reservation] of kept ?? []) {
        const shortened = this.#shortened(reservation);
        this.#held.set(uid, this.#heldFrom(shortened));
        if (shortened !== reservation) this.#saved = this.#save();
      }
    } catch (error) {
      this.#finding = `the file of reservations cannot be read: ${describeError(error)}`;
    }
    this.#look();
  }

  /** Never rejects. */
  #save(): Promise<void> {
    return this.#lock.run(never, async () => {
      const { directory, clock } = this.#options;
      this.#retry?.[Symbol.dispose]();
      const kept = new Map([...this.#held].map(([uid, { reservation }]) => [uid, reservation]));
      try {
        await this.#files.makeDirectory(directory);
        await replaceFile(this.#files, directory, FILE_NAME, encodeReservations(kept));
        this.#problem = undefined;
      } catch (cause) {
        this.#problem = new ReservationsError(directory, cause);
        this.#retry = clock.timer(RETRY_MS, () => {
          this.#saved = this.#save();
        });
      }
    });
  }
}

const FILE_NAME = 'reservations.json';

interface Held {
  readonly reservation: Reservation;
  /** When it is over by the clock that is never set. */
  readonly endsBy: number;
}
