// Who may have a probe open: by its sharing mode, in order of arrival, and by who has reserved it.

import { abortReason, type Clock } from '../base/clock.js';
import { RequestError } from '../base/errors.js';
import type { ClientName } from './client-lease.js';
import { clientsText } from './clients-text.js';

/** shared: all at a time. exclusive: one, others are refused. queue: one, others wait for their turn. */
export type Sharing = 'shared' | 'exclusive' | 'queue';

/** For a while, only the clients of one principal are let in. */
export interface Reservation {
  readonly principal: string;
  readonly until: Date;
  readonly reason?: string;
}

/** A client is kept out for now, by who has the probe or who has reserved it. */
export class NotAdmittedError extends RequestError {}

export interface AdmissionRules {
  readonly sharing: Sharing;
  /** How long a client waits for its turn. */
  readonly queueTimeoutMs: number;
}

/** Everyone is let in. */
export const openToAll: AdmissionRules = { sharing: 'shared', queueTimeoutMs: 0 };

export interface AdmissionOptions {
  readonly uid: string;
  readonly clock: Clock;
  /** Those to begin with. */
  readonly rules: AdmissionRules;
  /** The reservation that holds now. When that changes, call `reconsider`. */
  readonly reservation: () => Reservation | undefined;
  /** Why those who are in can share it with nobody more, whatever the rules say. */
  readonly unsharable?: () => string | undefined;
  /** @param ahead  how many wait before it */
  readonly onQueued?: (client: ClientName, ahead: number) => void;
  /** Called for one that had to wait. */
  readonly onAdmitted?: (client: ClientName) => void;
  readonly onRefused?: (client: ClientName, reason: string) => void;
}

/** What wants in: a lease. Compared by identity. */
interface Guest {
  readonly client: ClientName;
}

interface Waiter<G extends Guest> {
  readonly guest: G;
  readonly since: Date;
  /** Takes it out of the queue and lets it in. */
  readonly admit: () => void;
  /** Takes it out of the queue, and tells it why. */
  readonly refuse: (reason: string) => void;
  /** Refuses it when it has waited so long in all, unless it is told otherwise before. */
  readonly limit: (timeoutMs: number) => void;
}

/**
 * Lets guests in to a probe, and keeps those waiting who cannot come in yet. Of the waiting, the first that nothing
 * speaks against goes next: while the probe is reserved, the holder's clients overtake those of others.
 */
export class Admission<G extends Guest> {
  /** Since when they are in, in order. */
  readonly #inside = new Map<G, Date>();
  #waiting: readonly Waiter<G>[] = [];
  #rules: AdmissionRules;

  constructor(private readonly options: AdmissionOptions) {
    this.#rules = options.rules;
  }

  /**
   * Takes other rules, which hold at once: of those who wait, who can come in now does, and where there is no queue any
   * more the others are refused, as if they came now. Who is in stays in.
   */
  configure(rules: AdmissionRules): void {
    this.#rules = rules;
    this.reconsider();
  }

  /** Who waits and since when, the next first. */
  get waiting(): readonly { readonly guest: G; readonly since: Date }[] {
    return this.#waiting;
  }

  isInside(guest: G): boolean {
    return this.#inside.has(guest);
  }

  isWaiting(guest: G): boolean {
    return this.#waiting.some((waiter) => waiter.guest === guest);
  }

  /**
   * Lets a guest in, or keeps it waiting until that is possible. `leave` ends its stay.
   *
   * @param signal  aborted while it waits: it leaves the queue, and the promise rejects with its reason
   * @throws NotAdmittedError  saying who has the probe, since or until when, and why
   */
  async enter(guest: G, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#inside.has(guest)) return;
    this.reconsider(); // a reservation may have ended a moment ago, and who waits for that goes first
    const obstacle = this.#obstacleFor(guest);
    if (obstacle === undefined) this.#letIn(guest);
    else if (this.#rules.sharing === 'queue') await this.#wait(guest, signal);
    else throw this.#refusal(guest, obstacle);
  }

  /** Ends a guest's stay. Does nothing for one that is not in. */
  leave(guest: G): void {
    if (this.#inside.delete(guest)) this.reconsider();
  }

  /**
   * The lock is for guests only where not everyone is let in: else one outside could hold up one inside.
   * @throws NotAdmittedError
   */
  requireInside(guest: G): void {
    const { uid, reservation } = this.options;
    const isOpenToAll = this.#rules.sharing === 'shared' && reservation() === undefined;
    if (isOpenToAll || this.#inside.has(guest)) return;
    throw new NotAdmittedError(`probe ${uid} is not for everyone at present: send "open" before "lock"`);
  }

  /** Looks at those who wait, by the rules and the reservation of now. To be called when the reservation has changed. */
  reconsider(): void {
    const { sharing, queueTimeoutMs } = this.#rules;
    for (const { guest, admit, refuse, limit } of this.#waiting) {
      const obstacle = this.#obstacleFor(guest);
      if (obstacle === undefined) admit();
      else if (sharing === 'queue') limit(queueTimeoutMs);
      else refuse(obstacle);
    }
  }

  #letIn(guest: G): void {
    this.#inside.set(guest, this.options.clock.date());
  }

  /** What keeps a guest out; undefined if nothing does. */
  #obstacleFor({ client }: G): string | undefined {
    const { uid } = this.options;
    const reservation = this.options.reservation();
    if (reservation && reservation.principal !== client.principal) {
      const why = reservation.reason === undefined ? '' : ` (${reservation.reason})`;
      return `probe ${uid} is reserved for ${reservation.principal} until ${reservation.until.toISOString()}${why}`;
    }
    const since = [...this.#inside.values()].at(0);
    if (since === undefined) return undefined;
    if (this.#rules.sharing === 'shared') return this.options.unsharable?.();
    // Several, where it has been shared before.
    const who = clientsText([...this.#inside.keys()].map((inside) => inside.client));
    return `probe ${uid} is in use by ${who} since ${since.toISOString()}`;
  }

  #wait(guest: G, signal: AbortSignal): Promise<void> {
    const { clock, onQueued, onAdmitted } = this.options;
    return new Promise((resolve, reject) => {
      const startedMs = clock.now();
      let limit: { readonly timeoutMs: number; readonly timer: Disposable } | undefined;
      const leaveQueue = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        limit?.timer[Symbol.dispose]();
        signal.removeEventListener('abort', onAbort);
      };
      const onAbort = (): void => {
        leaveQueue();
        reject(abortReason(signal));
      };
      const refuse = (reason: string): void => {
        leaveQueue();
        reject(this.#refusal(guest, reason));
      };
      const giveUp = (): void => {
        const waitedS = Math.round((clock.now() - startedMs) / 1000);
        refuse(`waited ${waitedS} s: ${this.#obstacleFor(guest) ?? 'nobody let it in'}`);
      };
      const waiter: Waiter<G> = {
        guest,
        since: clock.date(),
        admit: () => {
          leaveQueue();
          this.#letIn(guest);
          onAdmitted?.(guest.client);
          resolve();
        },
        refuse,
        limit: (timeoutMs) => {
          if (limit?.timeoutMs === timeoutMs) return;
          limit?.timer[Symbol.dispose]();
          const leftMs = startedMs + timeoutMs - clock.now();
          if (leftMs > 0) limit = { timeoutMs, timer: clock.timer(leftMs, giveUp) };
          else giveUp();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const ahead = this.#waiting.length;
      this.#waiting = [...this.#waiting, waiter];
      waiter.limit(this.#rules.queueTimeoutMs);
      onQueued?.(guest.client, ahead);
    });
  }

  #refusal({ client }: G, reason: string): NotAdmittedError {
    this.options.onRefused?.(client, reason);
    return new NotAdmittedError(reason);
  }
}
