import type { Clock } from '../base/clock.js';
import type { Frozen } from './frozen.js';
import type { DaemonEvent, NumberedEvent } from './daemon-events.js';

export interface EventSource {
  /** The number of the newest event; 0 before the first. */
  readonly last: number;
  /** The events after number `sequence` that are still kept, oldest first. */
  since(sequence: number): readonly NumberedEvent[];
  /** Calls `listener` for every event from now on, until the result is disposed. */
  subscribe(listener: (event: NumberedEvent) => void): Disposable;
}

/** Numbers events, keeps the newest, and tells who wants to know. Listeners must not throw. */
export class EventHistory implements EventSource {
  readonly #listeners = new Set<(event: NumberedEvent) => void>();
  #kept: NumberedEvent[] = [];
  #last = 0;

  /** @param maxKept  how many events can be asked for again */
  constructor(
    private readonly clock: Clock,
    private readonly maxKept = 1000,
  ) {}

  get last(): number {
    return this.#last;
  }

  add(event: Frozen<DaemonEvent>): void {
    const numbered = { sequence: ++this.#last, time: this.clock.date().toISOString(), event };
    this.#kept.push(numbered);
    // Cut by half a history at a time, so that an event does not cost a copy of all of them.
    if (this.#kept.length > this.maxKept * 1.5) this.#kept = this.#kept.slice(-this.maxKept);
    for (const listener of this.#listeners) listener(numbered);
  }

  since(sequence: number): readonly NumberedEvent[] {
    return this.#kept.slice(-this.maxKept).filter((event) => event.sequence > sequence);
  }

  subscribe(listener: (event: NumberedEvent) => void): Disposable {
    // Wrapped, so that two subscriptions of one function are two.
    const own = (event: NumberedEvent): void => listener(event);
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => this.#listeners.delete(own) };
  }
}
