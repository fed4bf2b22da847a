import type { Clock } from '../base/clock.js';

export interface SparinglyOptions {
  readonly clock: Clock;
  readonly periodMs: number;
  /** How many different things are told of in one period. */
  readonly most: number;
}

/** Of things that may happen without end, says which to tell: each once in a period, and not too many in all. */
export class Sparingly {
  /** When they were told, the oldest first. */
  readonly #told = new Map<string, number>();

  constructor(private readonly options: SparinglyOptions) {}

  /** Whether to tell it; then it counts as told. */
  mayTell(what: string): boolean {
    const { clock, periodMs, most } = this.options;
    const now = clock.now();
    for (const [old, at] of this.#told) {
      if (now - at < periodMs) break;
      this.#told.delete(old);
    }
    if (this.#told.has(what) || this.#told.size >= most) return false;
    this.#told.set(what, now);
    return true;
  }
}
