// How late the event loop runs what is due: with one thread for all clients, that is what each of them waits for the rest.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../base/clock.js';

/** The histogram's timer: what it counts is this interval and the delay. */
const RESOLUTION_MS = 50;
const PERIOD_MS = 60_000;

/** What it counts with: a histogram of Node, in nanoseconds. */
export interface DelayHistogram {
  enable(): unknown;
  disable(): unknown;
  reset(): void;
  /** @param percentile  above 0, up to 100 */
  percentile(percentile: number): number;
}

/** Measures over the last one to two minutes: how it goes now, not how it went since the start. */
export class LoopDelay implements Disposable {
  readonly #clock: Clock;
  readonly #histogram: DelayHistogram;
  #timer: Disposable | undefined;
  #ofLastPeriod = 0;

  constructor(clock: Clock, histogram: DelayHistogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })) {
    this.#clock = clock;
    this.#histogram = histogram;
  }

  /** Measures from now on. */
  begin(): void {
    this.#histogram.enable();
    this.#timer = this.#nextPeriod();
  }

  /** 99th percentile of the delay, in milliseconds, to a tenth; 0 before `begin`. */
  get p99Ms(): number {
    return Math.max(this.#ofLastPeriod, this.#ofThisPeriod);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#histogram.disable();
  }

  get #ofThisPeriod(): number {
    return Math.max(0, Math.round((this.#histogram.percentile(99) / 1e6 - RESOLUTION_MS) * 10) / 10);
  }

  #nextPeriod(): Disposable {
    return this.#clock.timer(PERIOD_MS, () => {
      this.#ofLastPeriod = this.#ofThisPeriod;
      this.#histogram.reset();
      this.#timer = this.#nextPeriod();
    });
  }
}
