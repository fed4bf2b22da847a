// The clock of the wire, which is one for all clients of a probe.

import { RequestError } from '../base/errors.js';
import type { Probe } from '../probe/probe.js';
import type { ClientName } from './client-lease.js';
import { clientsText } from './clients-text.js';

/**
 * Who has others beside it may not ask for less: at 10 kHz a word takes some 5 ms, and a packet of them a fraction of a second. Slow
 * targets there are (emulated ones, of 1 kHz); those have one client at a time, or a `clock_limit` that says so to everybody.
 */
const SLOWEST_SHARED_HZ = 10_000;

/** A client of the probe. */
interface Sharer {
  readonly client: ClientName;
  /** What it has asked for. */
  readonly clockHz: number | undefined;
}

export interface SharedClockOptions<S extends Sharer> {
  readonly uid: string;
  /** What is faster is cut to it. */
  readonly limitHz: number | undefined;
  /** Those that were let in. */
  readonly sharers: () => readonly S[];
}

export class SharedClock<S extends Sharer> {
  readonly #limitHz: number;
  readonly #slowestHz: number;
  /** Of the opened probe, as set. */
  #setHz = 0;

  constructor(private readonly options: SharedClockOptions<S>) {
    this.#limitHz = options.limitHz ?? Infinity;
    this.#slowestHz = Math.min(SLOWEST_SHARED_HZ, this.#limitHz);
  }

  /** The probe was opened anew, and is not connected: nothing is sent. */
  async begin(probe: Probe, signal: AbortSignal): Promise<void> {
    this.#setHz = probe.initialClockHz;
    await this.apply(probe, signal);
  }

  /** Sets the slowest that any client has asked for: nobody makes the wire faster than another can bear. */
  async apply(probe: Probe, signal: AbortSignal): Promise<void> {
    const askedHz = this.options.sharers().flatMap(({ clockHz }) => clockHz ?? []);
    const clockHz = Math.min(this.#limitHz, ...(askedHz.length > 0 ? askedHz : [probe.initialClockHz]));
    if (clockHz === this.#setHz) return;
    await probe.setClock(clockHz, signal);
    this.#setHz = clockHz;
  }

  /** @throws RequestError  if others would have to wait too long for each word */
  requireSharable(by: S, frequencyHz: number): void {
    const others = this.options.sharers().filter((sharer) => sharer !== by);
    if (others.length === 0 || frequencyHz >= this.#slowestHz) return;
    const who = clientsText(others.map(({ client }) => client));
    throw new RequestError(
      `${frequencyHz} Hz is too slow while other clients, ${who}, have probe ${this.options.uid} open: ` +
        `ask for ${this.#slowestHz} Hz or more, or wait until they leave`,
    );
  }

  /** Why nobody can come in beside those that are there; undefined if anybody can. */
  obstacle(): string | undefined {
    for (const { client, clockHz } of this.options.sharers()) {
      if (clockHz === undefined || clockHz >= this.#slowestHz) continue;
      return (
        `probe ${this.options.uid} runs at ${clockHz} Hz for ${clientsText([client])}, ` +
        `and is shared at ${this.#slowestHz} Hz or more: wait until that client leaves`
      );
    }
    return undefined;
  }
}
