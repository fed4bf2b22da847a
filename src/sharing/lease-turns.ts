// How what one client asks for comes to the probe: in its turn, behind the writes of others, and only if it has the probe
// open. What has become of its own writes is told before.

import { never } from '../base/never.js';
import type { ProbeDisconnectedError } from '../probe/errors.js';
import { ProbeStateError } from '../probe/errors.js';
import type { Probe } from '../probe/probe.js';
import { LateError } from './late-error.js';
import type { ProbeSession } from './probe-session.js';
import type { SessionLease } from './session-lease.js';

export class LeaseTurns {
  readonly lateError = new LateError();

  constructor(
    private readonly lease: SessionLease,
    private readonly session: ProbeSession,
  ) {}

  run<T>(signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    return this.session.turns.run(this.lease, signal, () => this.#behindOthers(operation));
  }

  /** See `TurnQueue.runLast`. */
  runLast<T>(operation: () => Promise<T>): Promise<T> {
    return this.session.turns.runLast(this.lease, never, () => this.#behindOthers(operation));
  }

  /** Writes that others have posted go first, and be it only to fail: what follows may count on them, or undo them. */
  #behindOthers<T>(operation: () => Promise<T>): Promise<T> {
    const { posted } = this.session;
    return posted.areOfAnother(this.lease) ? posted.settle().then(operation) : operation();
  }

  /** Who has nothing open keeps nobody waiting, and takes no lock from one who is idle: it is refused without a turn. */
  runIfOpen<T>(signal: AbortSignal, operation: () => Promise<T>): Promise<T> {
    return this.lease.isOpen ? this.run(signal, operation) : Promise.reject(this.#notOpenError());
  }

  use<T>(signal: AbortSignal, operation: (probe: Probe) => Promise<T>): Promise<T> {
    return this.runIfOpen(signal, () => {
      const probe = this.requireProbe();
      this.lateError.tell();
      return operation(probe);
    });
  }

  /**
   * For what is no access, so that an error of this client's posted writes, which go first, is told as one of theirs: what
   * they have left on the wire is this client's.
   */
  useInOrder<T>(signal: AbortSignal, operation: (probe: Probe) => Promise<T>): Promise<T> {
    return this.runIfOpen(signal, async () => {
      const probe = this.requireProbe();
      await this.session.posted.settle();
      this.lateError.tell();
      return operation(probe);
    });
  }

  /** @throws ProbeDisconnectedError, ProbeStateError  this client does not have it open */
  requireProbe(): Probe {
    const { probe } = this.session;
    if (this.lease.isOpen && probe) return probe;
    throw this.#notOpenError();
  }

  #notOpenError(): ProbeDisconnectedError | ProbeStateError {
    if (this.lease.isLost) return this.session.disconnectedError();
    return new ProbeStateError(`probe ${this.session.options.uid} is not open: send "open" first`);
  }
}
