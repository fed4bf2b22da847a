// Who may touch the probe now.

import { abortReason, type Clock } from '../base/clock.js';

/** One client request that waits: for its operation to start, or for the lock. */
interface Waiter<Owner> {
  readonly owner: Owner;
  readonly wants: 'operation' | 'lock' | 'last operation';
  readonly grant: () => void;
  readonly refuse: (reason: Error) => void;
}

export interface TurnQueueOptions<Owner> {
  readonly clock: Clock;
  /** How long the holder of the lock may do nothing while others wait. */
  readonly lockIdleTimeoutMs: number;
  /** An operation has ended, and the next has not begun. */
  readonly onFinished?: (owner: Owner) => void;
  /** The lock was taken from `from`, and `to` is the next. */
  readonly onLockLost?: (from: Owner, to: Owner) => void;
}

/**
 * Runs operations on one probe one at a time, first in, first out, and keeps its lock. The lock binds: while an owner
 * holds it, operations of others wait. Owners are compared by identity.
 *
 * A holder that is idle while others wait loses its turn. It does not notice, but for the delay: its next operation
 * waits for the lock and takes it again as deep as it was, so that its `unlock` is right.
 */
export class TurnQueue<Owner extends object> {
  readonly #waiting: Waiter<Owner>[] = [];
  #busy = false;
  #holder: Owner | undefined;
  #depth = 0;
  /** How deep those hold the lock, by their own account, who have lost it to others. */
  readonly #lost = new Map<Owner, number>();
  #idle: Disposable | undefined;

  constructor(private readonly options: TurnQueueOptions<Owner>) {}

  /** The owner of the lock. */
  get holder(): Owner | undefined {
    return this.#holder;
  }

  /** How often an owner has taken the lock and not given it back, by its own account. */
  depthOf(owner: Owner): number {
    return this.#holder === owner ? this.#depth : (this.#lost.get(owner) ?? 0);
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Whether a request of this owner waits for somebody else's lock, which may last. */
  isLockedOut(owner: Owner): boolean {
    if (this.#holder === undefined || this.#holder === owner) return false;
    return this.#waiting.some((waiter) => waiter.owner === owner);
  }

  /**
   * Runs `operation` when its turn has come.
   * @param signal  aborted before that: the operation is not started, and the promise rejects with its reason
   */
  run<T>(owner: Owner, signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    const isLost = this.#lost.size > 0 && this.#lost.has(owner);
    if (isLost || !this.#mayStart(owner)) return this.#runLater(owner, signal, operation);
    this.#busy = true;
    if (this.#idle) this.#watchHolder();
    return this.#finish(owner, operation);
  }

  async #runLater<T>(owner: Owner, signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    if (this.#lost.has(owner)) await this.#hold(owner, signal);
    // Whoever grants a turn sets #busy in the same step, so that nobody can slip in before the waiter wakes up.
    if (this.#mayStart(owner)) {
      this.#busy = true;
      if (this.#idle) this.#watchHolder();
    } else {
      await this.#wait(owner, 'operation', signal);
    }
    return this.#finish(owner, operation);
  }

  /**
   * Runs what an owner does to leave everything in order: it waits for the operation that runs, and not for somebody
   * else's lock, which may last.
   */
  async runLast<T>(owner: Owner, signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    if (this.#busy) await this.#wait(owner, 'last operation', signal);
    else this.#busy = true;
    return this.#finish(owner, operation);
  }

  /** Takes the lock when it is free. Recursive: an owner that has it gets it at once, one level deeper. */
  async lock(owner: Owner, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#hold(owner, signal);
    this.#depth++;
  }

  /** Gives back one level. Does nothing for an owner that does not hold the lock. */
  unlock(owner: Owner): void {
    const depth = this.depthOf(owner) - 1;
    if (depth <= 0) this.release(owner);
    else if (this.#holder === owner) this.#depth = depth;
    else this.#lost.set(owner, depth);
  }

  /** Gives the lock back, however often it was taken. */
  release(owner: Owner): void {
    this.#lost.delete(owner);
    if (this.#holder !== owner) return;
    this.#holder = undefined;
    this.#depth = 0;
    this.#grant();
  }

  /** Takes the lock from whoever has it or is to have it again, and refuses all that waits, save what owners do to leave. */
  clear(reason: Error): void {
    this.#holder = undefined;
    this.#depth = 0;
    this.#lost.clear();
    const refused = this.#waiting.filter(({ wants }) => wants !== 'last operation');
    const rest = this.#waiting.filter(({ wants }) => wants === 'last operation');
    this.#waiting.splice(0, this.#waiting.length, ...rest);
    for (const waiter of refused) waiter.refuse(reason);
    this.#grant();
  }

  async #finish<T>(owner: Owner, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } finally {
      this.options.onFinished?.(owner);
      this.#busy = false;
      if (this.#waiting.length > 0) this.#grant();
    }
  }

  #mayStart(owner: Owner): boolean {
    return !this.#busy && (this.#holder === undefined ? this.#waiting.length === 0 : this.#holder === owner);
  }

  #mayLock(owner: Owner): boolean {
    return this.#holder === undefined ? this.#waiting.length === 0 : this.#holder === owner;
  }

  async #hold(owner: Owner, signal: AbortSignal): Promise<void> {
    if (this.#mayLock(owner)) this.#take(owner);
    else await this.#wait(owner, 'lock', signal);
  }

  /** Makes `owner` the holder, as deep as it was when it lost the lock. */
  #take(owner: Owner): void {
    if (this.#holder === owner) return;
    this.#holder = owner;
    this.#depth = this.#lost.get(owner) ?? 0;
    this.#lost.delete(owner);
  }

  #wait(owner: Owner, wants: Waiter<Owner>['wants'], signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.refuse(abortReason(signal));
        // The one who left may have been first in line and held up others that can go now.
        this.#grant();
      };
      const waiter: Waiter<Owner> = {
        owner,
        wants,
        grant: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
        refuse: (reason) => {
          signal.removeEventListener('abort', onAbort);
          reject(reason);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
      this.#watchHolder();
    });
  }

  /** Lets in, in order of arrival, everyone who may go. */
  #grant(): void {
    for (let i = 0; i < this.#waiting.length;) {
      const waiter = this.#waiting[i];
      const isLockedOut = this.#holder !== undefined && this.#holder !== waiter.owner;
      if (isLockedOut && waiter.wants !== 'last operation') {
        i++;
        continue;
      }
      if (waiter.wants !== 'lock' && this.#busy) break; // nobody overtakes the one whose turn it is
      this.#waiting.splice(i, 1);
      waiter.grant();
      if (waiter.wants !== 'lock') {
        this.#busy = true;
        break;
      }
      this.#take(waiter.owner);
      i = 0; // there is a holder now: only its own requests are let past
    }
    this.#watchHolder();
  }

  /** Counts how long the holder does nothing while others wait. */
  #watchHolder(): void {
    if (this.#holder === undefined || this.#busy || this.#waiting.length === 0) {
      this.#idle?.[Symbol.dispose]();
      this.#idle = undefined;
      return;
    }
    const { clock, lockIdleTimeoutMs } = this.options;
    this.#idle ??= clock.timer(lockIdleTimeoutMs, () => {
      this.#idle = undefined;
      this.#takeAway();
    });
  }

  #takeAway(): void {
    const from = this.#holder;
    const next = this.#waiting.find(({ owner }) => owner !== from);
    if (from === undefined || next === undefined) return;
    this.#lost.set(from, this.#depth);
    this.#holder = undefined;
    this.#depth = 0;
    this.options.onLockLost?.(from, next.owner);
    this.#grant();
  }
}
