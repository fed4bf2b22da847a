// Writes that a probe has acknowledged and not executed: they are sent in time, before anybody else works with the
// probe, and what becomes of them is told to the client that wrote.

import { never } from '../base/never.js';
import type { Clock } from '../base/clock.js';
import type { Probe } from '../probe/probe.js';

/** How long a write may wait for the read that takes it along. */
const MAX_DELAY_MS = 1;

/** Who writes. */
export interface Writer {
  /** A write that was acknowledged has failed, or those behind it were dropped. Never throws. */
  writeFailed(error: unknown): void;
}

export class PostedWrites<W extends Writer> {
  #writer: W | undefined;
  #batch: number | undefined;
  #probe: Probe | undefined;
  #timer: Disposable | undefined;

  /** @param inTurn  runs a task of a writer when nothing else uses the probe, without waiting for another's lock */
  constructor(
    private readonly clock: Clock,
    private readonly inTurn: (writer: W, task: () => Promise<void>) => void,
  ) {}

  /** Whether writes of another than `user` wait: they have to be settled before it works. */
  areOfAnother(user: W): boolean {
    return this.#writer !== undefined && this.#writer !== user;
  }

  /** An operation of `writer` has ended. With the turn held. */
  note(writer: W, probe: Probe): void {
    const batch = probe.dap.postedBatch;
    if (batch === this.#batch) return;
    this.forget();
    if (batch === undefined) return;
    this.#writer = writer;
    this.#batch = batch;
    this.#probe = probe;
    this.#timer = this.clock.timer(MAX_DELAY_MS, () => this.inTurn(writer, () => this.#settleBatch(batch)));
  }

  /** Sends what waits. With the turn held. Never throws: the writer is told. */
  async settle(): Promise<void> {
    const writer = this.#writer;
    const probe = this.#probe;
    this.forget();
    try {
      await probe?.dap.flush(never);
    } catch (error) {
      writer?.writeFailed(error);
    }
  }

  /** What waited is gone, or was sent. */
  forget(): void {
    this.#writer = this.#probe = this.#batch = undefined;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** The turn may have come late, and another batch be waiting by then: its time has not come. */
  async #settleBatch(batch: number): Promise<void> {
    if (batch === this.#batch) await this.settle();
  }
}
