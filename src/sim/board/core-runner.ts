// When a core runs, and how fast: only while a host has the probe open. Architecture, idea 6.
//
// Sprint, then stroll. What has just been set going runs as fast as this machine can, so that a flash algorithm or a
// firmware's start-up takes no longer than it must; what is still running after that, a main loop most likely, goes on
// at a fixed pace, so that open probes with running cores leave the machine to its clients.

import type { Clock } from '../../base/clock.js';
import type { CortexM0 } from '../core/cortex-m0.js';

/** How far a sprint goes: some 50 ms of CPU. Counted in instructions, so that it is the same on every machine. */
const SPRINT_INSTRUCTIONS = 2_000_000;
/** A slice of it ends after so many, or so long: requests of clients come in between. */
const SLICE_INSTRUCTIONS = 4000;
const SLICE_MS = 1;
/** Between two looks at the time. */
const CHUNK_INSTRUCTIONS = 500;

/** The pace afterwards, of instructions and of a sleeping core's SysTick. */
const STROLL_CYCLES_PER_MS = 1000;
/** How often a strolling core catches up with the time. Short: a request that comes meanwhile waits for it. */
const STROLL_MS = 2;
/** The most it catches up with at once: a machine that cannot keep the pace slows the core, not the clients. */
const STROLL_MAX_CYCLES = 2 * STROLL_MS * STROLL_CYCLES_PER_MS;

/** What passes between two looks of a debugger at the core, so that one that polls in a single packet sees it move. */
const ACCESS_INSTRUCTIONS = 16;

export class CoreRunner {
  readonly #core: CortexM0;
  readonly #clock: Clock;
  #hosts = 0;
  #held = false;
  #executing = false;
  /** What is left of the sprint. */
  #sprint = 0;
  /** When the strolling core was last up to date. */
  #strolledAt = 0;
  #next: Disposable | undefined;

  constructor(core: CortexM0, clock: Clock) {
    this.#core = core;
    this.#clock = clock;
  }

  /** A host has opened the probe: time goes on for the core. */
  addHost(): void {
    this.#hosts++;
    this.update();
  }

  /** With the last host time stands still. */
  removeHost(): void {
    this.#hosts--;
    this.update();
  }

  /** nRESET. */
  holdInReset(held: boolean): void {
    this.#held = held;
    this.#core.holdInReset(held);
    this.settle();
    this.restart();
  }

  /** Lets the first instructions after a reset happen: no debugger is fast enough to see the core before them. */
  settle(): void {
    if (!this.#held) this.#run(ACCESS_INSTRUCTIONS);
  }

  beforeAccess(): void {
    if (!this.#next) return;
    this.#run(ACCESS_INSTRUCTIONS);
    this.update();
  }

  /** Whether instructions are being executed: what happens now is the core's own doing. */
  get executing(): boolean {
    return this.#executing;
  }

  /** After all that may have set the core going or halted it. One that starts to run begins with a sprint. */
  update(): void {
    if (this.#executing) return; // the slice that runs looks when it ends
    if (!this.#canRun) this.#stop();
    else if (!this.#next) {
      this.#sprint = SPRINT_INSTRUCTIONS;
      this.#goOn();
    }
  }

  /** After a reset from outside: the program starts, so it sprints. */
  restart(): void {
    this.#stop();
    this.update();
  }

  get #canRun(): boolean {
    return this.#hosts > 0 && !this.#held && !this.#core.halted;
  }

  #stop(): void {
    this.#next?.[Symbol.dispose]();
    this.#next = undefined;
  }

  #goOn(): void {
    this.#next = undefined;
    if (!this.#canRun) return;
    if (this.#sprint > 0) {
      this.#next = this.#clock.immediate(() => this.#sprintSlice());
    } else {
      this.#strolledAt = this.#clock.now();
      this.#next = this.#clock.timer(STROLL_MS, () => this.#stroll());
    }
  }

  #sprintSlice(): void {
    const start = this.#clock.now();
    const end = this.#sprint - SLICE_INSTRUCTIONS;
    do {
      const executed = this.#run(CHUNK_INSTRUCTIONS);
      this.#sprint -= executed;
      // Asleep or locked up: nothing to hurry for.
      if (executed === 0 || this.#core.sleeping) this.#sprint = 0;
    } while (this.#sprint > end && this.#sprint > 0 && this.#clock.now() - start < SLICE_MS);
    this.#goOn();
  }

  #stroll(): void {
    const cycles = Math.round((this.#clock.now() - this.#strolledAt) * STROLL_CYCLES_PER_MS);
    this.#run(Math.min(cycles, STROLL_MAX_CYCLES));
    this.#goOn();
  }

  #run(instructions: number): number {
    this.#executing = true;
    try {
      return this.#core.run(instructions);
    } finally {
      this.#executing = false;
    }
  }
}
