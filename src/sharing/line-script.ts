import type { Probe } from '../probe/probe.js';

/** Sequences that are kept: more than any client needs to bring up a line. */
const MAX_STEPS = 64;

/** The sequences that one client believes to be sent since its last access; some were, some may have to be after all. */
export class LineScript {
  readonly #steps: ((probe: Probe) => Promise<unknown>)[] = [];
  #sent = 0;

  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  add(step: (probe: Probe) => Promise<unknown>): void {
    this.#steps.push(step);
    if (this.#steps.length <= MAX_STEPS) return;
    this.#steps.shift();
    this.#sent = Math.max(this.#sent - 1, 0);
  }

  /** @param isOnWire  what was sent before still counts; else all is sent anew */
  async send(probe: Probe, isOnWire: boolean): Promise<void> {
    for (const step of this.#steps.slice(isOnWire ? this.#sent : 0)) await step(probe);
    this.allSent();
  }

  /** The last one was sent when it came. */
  allSent(): void {
    this.#sent = this.#steps.length;
  }

  clear(): void {
    this.#steps.length = this.#sent = 0;
  }
}
