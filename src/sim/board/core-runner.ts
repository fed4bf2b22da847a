// When a core runs: in slices between two turns of the event loop, while a host has the probe open. Architecture, idea 6.

import type { Clock } from '../../base/clock.js';
import type { CortexM0 } from '../core/cortex-m0.js';

/** A slice ends after so many instructions, far below a millisecond: requests of clients come in between. */
const SLICE_INSTRUCTIONS = 2000;
/** Between two looks at the time. */
const CHUNK_INSTRUCTIONS = 500;
const SLICE_MS = 1;
/** What passes between two accesses of a debugger, so that one that polls in a single packet sees the core move. */
const ACCESS_INSTRUCTIONS = 16;
/** HSI of the STM32F0, which a sleeping core's SysTick counts. */
const CYCLES_PER_MS = 8000;
/** How often a sleeping or locked-up core is looked at. */
const SLEEP_MS = 1;

export class CoreRunner {
  readonly #core: CortexM0;
  readonly #clock: Clock;
  #hosts = 0;
  #held = false;
  #next: Disposable | undefined;

  constructor(core: CortexM0, clock: Clock) {
    this.#core = core;
    this.#clock = clock;
  }

  /** A host has opened the probe: time goes on for the core. */
  addHost(): void {
    this.#hosts++;
    this.wake();
  }

  /** With the last host time stands still. */
  removeHost(): void {
    this.#hosts--;
    if (this.#hosts === 0) this.#stop();
  }

  /** nRESET. */
  holdInReset(held: boolean): void {
    this.#held = held;
    this.#core.holdInReset(held);
    this.settle();
    this.wake();
  }

  /** Lets the first instructions after a reset happen: no debugger is fast enough to see the core before them. */
  settle(): void {
    if (!this.#held) this.#core.run(ACCESS_INSTRUCTIONS);
  }

  beforeAccess(): void {
    if (this.#next) this.#core.run(ACCESS_INSTRUCTIONS);
  }

  /** Starts the slices if the core can run and they are not going already. */
  wake(): void {
    if (this.#next || this.#hosts === 0 || this.#held || this.#core.halted) return;
    this.#next = this.#clock.immediate(() => this.#slice());
  }

  #stop(): void {
    this.#next?.[Symbol.dispose]();
    this.#next = undefined;
  }

  #slice(): void {
    this.#next = undefined;
    const start = this.#clock.now();
    let executed = 0;
    let last = 0;
    do {
      last = this.#core.run(CHUNK_INSTRUCTIONS);
      executed += last;
    } while (last > 0 && executed < SLICE_INSTRUCTIONS && this.#clock.now() - start < SLICE_MS);
    if (last > 0) this.wake();
    else if (!this.#core.halted) this.#sleep();
  }

  /** Asleep or locked up: a timer instead of slices, at the pace of the part's own clock. */
  #sleep(): void {
    if (this.#hosts === 0 || this.#held) return;
    const start = this.#clock.now();
    this.#next = this.#clock.timer(SLEEP_MS, () => {
      this.#next = undefined;
      const cycles = Math.round((this.#clock.now() - start) * CYCLES_PER_MS);
      if (this.#core.run(Math.min(cycles, 10 * CYCLES_PER_MS)) > 0) this.wake();
      else if (!this.#core.halted) this.#sleep();
    });
  }
}
