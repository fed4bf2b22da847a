// Who may touch the probe now.

import { abortReason } from '../base/clock.js';

/** One client request that waits: for its operation to start, or for the lock. */
interface Waiter<Owner> {
  readonly owner: Owner;
  readonly wants: 'operation' | 'lock';
  readonly grant: () => void;
  readonly refuse: (reason: Error) => void;
}

/**
 * Runs operations on one probe one at a time, first in, first out, and keeps its lock. The lock binds: while an owner
 * holds it, operations of others wait. Owners are compared by identity.
 */
export class TurnQueue<Owner extends object> {
  readonly #waiting: Waiter<Owner>[] = [];
  #busy = false;
  #holder: Owner | undefined;
  #depth = 0;

  /** The owner of the lock. */
  get holder(): Owner | undefined {
    return this.#holder;
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs `operation` when its turn has come.
   * @param signal  aborted before that: the operation is not started, and the promise rejects with its reason
   */
  async run<T>(owner: Owner, signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    // Whoever grants a turn sets #busy in the same step, so that nobody can slip in before the waiter wakes up.
    if (this.#mayStart(owner)) this.#busy = true;
    else await this.#wait(owner, 'operation', signal);
    try {
      return await operation();
    } finally {
      this.#busy = false;
      this.#grant();
    }
  }

  /** Takes the lock when it is free. Recursive: an owner that has it gets it at once, one level deeper. */
  async lock(owner: Owner, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#mayLock(owner)) this.#take(owner);
    else await this.#wait(owner, 'lock', signal);
  }

  /** Gives back one level. Does nothing for an owner that does not hold the lock. */
  unlock(owner: Owner): void {
    if (this.#holder !== owner) return;
    this.#depth--;
    if (this.#depth === 0) this.release(owner);
  }

  /** Gives the lock back, however often it was taken. */
  release(owner: Owner): void {
    if (this.#holder !== owner) return;
    this.#holder = undefined;
    this.#depth = 0;
    this.#grant();
  }

  #mayStart(owner: Owner): boolean {
    return !this.#busy && (this.#holder === undefined ? this.#waiting.length === 0 : this.#holder === owner);
  }

  #mayLock(owner: Owner): boolean {
    return this.#holder === undefined ? this.#waiting.length === 0 : this.#holder === owner;
  }

  #take(owner: Owner): void {
    this.#holder = owner;
    this.#depth++;
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
        refuse: reject,
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** Lets in, in order of arrival, everyone who may go. */
  #grant(): void {
    for (let i = 0; i < this.#waiting.length;) {
      const waiter = this.#waiting[i];
      const holds = this.#holder === waiter.owner;
      const free = this.#holder === undefined;
      if (!free && !holds) {
        i++;
        continue;
      }
      if (waiter.wants === 'lock') {
        this.#waiting.splice(i, 1);
        this.#take(waiter.owner);
        waiter.grant();
        i = 0; // there is a holder now: only its own requests are let past
      } else {
        if (this.#busy) return; // first in, first out: nobody overtakes the one whose turn it is
        this.#waiting.splice(i, 1);
        this.#busy = true;
        waiter.grant();
        return;
      }
    }
  }
}
