// When a core runs: while a host has the probe open, in slices between turns of the event loop. Architecture, idea 6.

import type { Clock } from '../../base/clock.js';
import type { CortexM0 } from '../core/cortex-m0.js';

/**
 * After it is set going a core sprints: what debuggers start and wait for, flash algorithms above all, is done within.
 * About 50 ms of CPU.
 */
const SPRINT_INSTRUCTIONS = 3_000_000;
/** A slice ends after so many instructions, well below 0.1 ms: requests of clients come in between. */
const SLICE_INSTRUCTIONS = 4000;
/** A program that goes on after that strolls, so that sixteen of them leave the processor to others. */
const STROLL_MS = 4;
const STROLL_CYCLES_PER_MS = 1000;
/** What a timer that comes late does not make up for. */
const MAX_STROLL_CYCLES = 4 * STROLL_MS * STROLL_CYCLES_PER_MS;
/** What passes between two looks of a debugger at the core, so that one that polls in a single packet sees it move. */
const LOOK_INSTRUCTIONS = 16;

export class CoreRunner {
  readonly #core: CortexM0;
  readonly #clock: Clock;
  #hosts = 0;
  #held = false;
  #next: Disposable | undefined;
  #sprintLeft = 0;

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
    if (this.#hosts > 0) return;
    this.#next?.[Symbol.dispose]();
    this.#next = undefined;
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
    if (!this.#held) this.#core.run(LOOK_INSTRUCTIONS);
  }

  /** A debugger looks at the core. */
  beforeLook(): void {
    if (this.#next) this.#core.run(LOOK_INSTRUCTIONS);
  }

  /** Sets the core going if it can run and does not yet. */
  wake(): void {
    if (this.#next || this.#hosts === 0 || this.#held || this.#core.halted) return;
    this.#sprintLeft = SPRINT_INSTRUCTIONS;
    this.#next = this.#clock.immediate(() => this.#sprint());
  }

  #sprint(): void {
    this.#next = undefined;
    const executed = this.#core.run(SLICE_INSTRUCTIONS);
    this.#sprintLeft -= executed;
    if (this.#core.halted) return;
    // Nothing executed: asleep or locked up.
    if (executed === 0 || this.#sprintLeft <= 0) this.#stroll();
    else this.#next = this.#clock.immediate(() => this.#sprint());
  }

  #stroll(): void {
    const start = this.#clock.now();
    this.#next = this.#clock.timer(STROLL_MS, () => {
      this.#next = undefined;
      const cycles = (this.#clock.now() - start) * STROLL_CYCLES_PER_MS;
      this.#core.run(Math.min(Math.round(cycles), MAX_STROLL_CYCLES));
      if (!this.#core.halted) this.#stroll();
    });
  }
}
