// What the daemon knows of one probe, for as long as it knows it.

import type { Clock } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import type { ProbeState } from '../control/snapshots.js';
import type { Probe } from '../probe/probe.js';
import type { FoundProbe, UnservedProbe } from './find-probes.js';
import type { ServedProbe } from './served-probe.js';
import type { SettingSources } from './setting-rows.js';

/** Different errors of one probe that are kept for `probectl show`. */
const MAX_ERRORS = 20;

export interface KeptError {
  /** When it came last. */
  readonly at: Date;
  readonly error: string;
  /** How often it came. */
  readonly times: number;
}

export interface LastOpen {
  readonly at: Date;
  readonly details: Probe['details'];
}

export class ProbeEntry {
  /** The attachment it has now. */
  attached: FoundProbe | undefined;
  /** The last attachment it had; undefined for a probe known from the port book only. */
  seen: FoundProbe | undefined;
  /** Something with its uid is there and cannot be served: perhaps the probe itself, in another mode. */
  unserved: UnservedProbe | undefined;
  served: ServedProbe | undefined;
  /** The settings it is served with. */
  servedWith: SettingSources | undefined;
  /** Why it is not served although it should be. */
  failure: Error | undefined;
  /** Why it should not be served. */
  ignored: string | undefined;
  /** Its settings have changed and wait until its clients have gone. */
  isWaiting = false;
  lastOpen: LastOpen | undefined;
  /** By text, the newest last. */
  readonly #errors = new Map<string, KeptError>();
  #state: ProbeState = 'absent';
  #since: Date;

  constructor(
    readonly uid: string,
    private readonly clock: Clock,
  ) {
    this.#since = clock.date();
  }

  get state(): ProbeState {
    if (this.ignored !== undefined) return 'ignored';
    if (this.failure) return 'failed';
    if (!this.attached) return this.unserved ? 'not-served' : 'absent';
    if (this.served?.session.isInUse) return 'in-use';
    if (!this.attached.device.accessible) return 'no-permission';
    // It is there before its port listens, and before the one of a probe that was absent would open it.
    return this.served?.session.attached ? 'ready' : 'absent';
  }

  /** Since when it is in its state; as exact as `noteState` is called often. */
  get since(): Date {
    this.noteState();
    return this.#since;
  }

  /** Call it after whatever may have changed the state. */
  noteState(): void {
    const { state } = this;
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.clock.date();
  }

  get errors(): readonly KeptError[] {
    return [...this.#errors.values()];
  }

  /** One that comes with every request of a client is kept once: it must not push out the others. */
  noteError(error: unknown): void {
    const text = describeError(error);
    const times = (this.#errors.get(text)?.times ?? 0) + 1;
    this.#errors.delete(text);
    this.#errors.set(text, { at: this.clock.date(), error: text, times });
    for (const oldest of this.#errors.keys()) {
      if (this.#errors.size <= MAX_ERRORS) break;
      this.#errors.delete(oldest);
    }
  }
}
