// nRESET as one client drives it. It is a wire: low as long as anybody holds it. Called with the probe's turn held.

import { never } from '../base/never.js';
import { type Clock, sleep } from '../base/clock.js';
import { runAll } from '../base/run-all.js';
import type { Probe } from '../probe/probe.js';

/** How long a pulse holds nRESET low, and how long it waits after that: pyOCD's reset.hold_time and reset.post_delay. */
const HOLD_MS = 100;
const RECOVERY_MS = 100;

export interface ResetHoldOptions {
  readonly clock: Clock;
  /** Whether another client holds it. */
  readonly isHeldByOthers: () => boolean;
  /** The target is about to be reset, or let go. */
  readonly beforeReset: (probe: Probe) => Promise<void>;
  /** The target was reset. */
  readonly onReset: () => void;
  /** nRESET could not be let go of, where there is another error to throw already. */
  readonly onStuck: (error: unknown) => void;
}

export class ResetHold {
  #isHeld = false;

  constructor(private readonly options: ResetHoldOptions) {}

  /** Asserted, and not let go of. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Pulses nRESET, and waits until the target has had time to start. */
  async pulse(probe: Probe, signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    await this.assert(probe, signal);
    try {
      await sleep(clock, HOLD_MS);
    } finally {
      await this.release(probe, never); // begun is finished: nobody may leave a target in reset
    }
    await sleep(clock, RECOVERY_MS, signal);
  }

  async assert(probe: Probe, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.options.beforeReset(probe);
    await probe.setReset(true, signal);
    this.#isHeld = true;
    this.options.onReset();
  }

  async release(probe: Probe, signal: AbortSignal): Promise<void> {
    this.#isHeld = false;
    if (this.options.isHeldByOthers()) return;
    // Also where the registers of others cannot be saved.
    const { beforeReset, onStuck } = this.options;
    await runAll([() => beforeReset(probe), () => probe.setReset(false, signal)], onStuck);
  }

  /** The client leaves. */
  async leave(probe: Probe | undefined): Promise<void> {
    if (this.#isHeld && probe) await this.release(probe, never);
    this.#isHeld = false;
  }

  /** The probe is gone. */
  forget(): void {
    this.#isHeld = false;
  }
}
