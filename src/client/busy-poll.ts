// Stays awake while a conversation with a server that is near goes on. A process that sleeps runs some 20 us after its
// data has come, and so does everyone else on a processor that has fallen asleep: on one machine, most of what forwarding
// costs.

import type { Clock } from '../base/clock.js';

/** A server that answers within that is near, and a client that asks again within that is busy with it. */
const NEAR_MS = 0.3;
/** Whoever was away for so long between two looks, others need the processor more. */
const PREEMPTED_MS = 0.15;

export class BusyPoll implements Disposable {
  /** Requests that somebody waits for. */
  #waiting = 0;
  /** When the last of them was sent, or answered. */
  #since = 0;
  #lookedAt = 0;
  /** The last of them was answered by a server that is near: so will the next be. */
  #isNear = false;
  #next: Disposable | undefined;

  constructor(private readonly clock: Clock) {}

  /** A request is sent that somebody waits for. */
  waits(): void {
    this.#waiting++;
    this.#since = this.clock.now();
    if (this.#isNear && !this.#next) this.#lookAgain(this.#since);
  }

  /** One of those is answered. */
  answered(): void {
    if (--this.#waiting > 0) return;
    const now = this.clock.now();
    this.#isNear = now - this.#since < NEAR_MS;
    this.#since = now;
    if (!this.#isNear) this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#next?.[Symbol.dispose]();
    this.#next = undefined;
  }

  /** An event loop that has something to do asks for I/O without sleeping. */
  #lookAgain(now: number): void {
    this.#lookedAt = now;
    this.#next = this.clock.immediate(this.#look);
  }

  readonly #look = (): void => {
    const now = this.clock.now();
    this.#next = undefined;
    if (now - this.#lookedAt > PREEMPTED_MS) this.#isNear = false;
    else if (now - this.#since < NEAR_MS) this.#lookAgain(now);
  };
}
