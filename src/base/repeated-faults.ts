import type { Clock } from './clock.js';

/** A fault that has not come for so long is over. */
const QUIET_MS = 60_000;
/** How many different ones are remembered. */
const MAX_REMEMBERED = 100;

interface Remembered<T> {
  readonly fault: T;
  lastMs: number;
  /** How often it came after the first time. */
  repeated: number;
  /** How often of these it was said so. */
  told: number;
}

/**
 * Faults that come again and again, whatever happens in between: they are counted, and the count is told when it has
 * grown tenfold, and when the fault is over.
 */
export class RepeatedFaults<T> implements Disposable {
  /** By key, the one that came last at the end. */
  readonly #remembered = new Map<string, Remembered<T>>();
  #timer: Disposable | undefined;

  /** @param tell  says that a fault has come so many times again */
  constructor(
    private readonly clock: Clock,
    private readonly tell: (fault: T, repeated: number) => void,
  ) {}

  /** Notes that a fault has come. @returns whether it is a repetition, and so is counted instead of told */
  count(key: string, fault: T): boolean {
    const lastMs = this.clock.now();
    const known = this.#remembered.get(key);
    if (!known) {
      this.#remembered.set(key, { fault, lastMs, repeated: 0, told: 0 });
      const [oldest = key] = this.#remembered.keys();
      if (this.#remembered.size > MAX_REMEMBERED) this.#forget(oldest);
      this.#timer ??= this.#watch(QUIET_MS);
      return false;
    }
    this.#remembered.delete(key);
    this.#remembered.set(key, known);
    known.lastMs = lastMs;
    known.repeated++;
    if (/^10+$/.test(String(known.repeated))) this.#tell(known);
    return true;
  }

  /** Tells all that was not told yet. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const key of [...this.#remembered.keys()]) this.#forget(key);
  }

  #watch(delayMs: number): Disposable {
    return this.clock.timer(delayMs, () => {
      const over = this.clock.now() - QUIET_MS;
      for (const [key, { lastMs }] of [...this.#remembered]) if (lastMs <= over) this.#forget(key);
      const [next] = this.#remembered.values();
      this.#timer = this.#remembered.size === 0 ? undefined : this.#watch(next.lastMs - over);
    });
  }

  #forget(key: string): void {
    const known = this.#remembered.get(key);
    this.#remembered.delete(key);
    if (known && known.repeated > known.told) this.#tell(known);
  }

  #tell(known: Remembered<T>): void {
    known.told = known.repeated;
    this.tell(known.fault, known.repeated);
  }
}
