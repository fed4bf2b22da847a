import type { Clock } from '../../src/base/clock.js';

interface Timer {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is moved. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#now);
  }

  timer(delayMs: number, callback: () => void): Disposable {
    const timer = { due: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => this.#timers.delete(timer) };
  }

  immediate(callback: () => void): Disposable {
    const immediate = setImmediate(callback);
    return { [Symbol.dispose]: () => clearImmediate(immediate) };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time on and runs nothing, as if the event loop were busy; what fell due runs late, in `advance`. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** Moves time on, runs what falls due in order, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settle();
      const next = [...this.#timers]
        .filter((timer) => timer.due <= until)
        .sort((a, b) => a.due - b.due)
        .at(0);
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
    }
    this.#now = until;
    await settle();
  }
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
