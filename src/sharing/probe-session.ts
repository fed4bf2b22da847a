// One probe and the clients that share it. Owns the opened probe; what belongs to one client is in its lease.

import { never } from '../base/never.js';
import { type Clock, sleep } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { runAll } from '../base/run-all.js';
import type { RequestedProtocol, WireProtocol } from '../dap/wire-protocol.js';
import { ProbeAccessError, ProbeBusyError, ProbeDisconnectedError, ProbeStateError } from '../probe/errors.js';
import type { Probe } from '../probe/probe.js';
import { Admission, type AdmissionRules, openToAll, type Reservation } from './admission.js';
import type { ClientLease, ClientName } from './client-lease.js';
import { clientsText } from './clients-text.js';
import { PostedWrites } from './posted-writes.js';
import { SessionLease } from './session-lease.js';
import { SharedClock } from './shared-clock.js';
import { TurnQueue } from './turn-queue.js';
import { Wire } from './wire.js';

/** Opens the probe; called with the session's turn held. */
export type OpenProbe = (signal: AbortSignal) => Promise<Probe>;

export interface ProbeSessionOptions {
  readonly uid: string;
  readonly vendor: string;
  readonly product: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether clients get memory handles when they ask for one. */
  readonly memoryHandles: boolean;
  /** How long the holder of the lock may do nothing while others wait. */
  readonly lockIdleTimeoutMs: number;
  /** Who is let in; everyone if left out. */
  readonly admission?: AdmissionRules;
  /** For whom alone it is kept now, if it is. When that changes, have `admission` reconsider. */
  readonly reservation?: () => Reservation | undefined;
  /** The fastest clock a client may set; what is faster is cut to it. */
  readonly clockLimitHz?: number;
  readonly events?: SessionEvents;
}

/** What others want to know of a session as it happens. */
export interface SessionEvents {
  readonly clientIn?: (client: ClientName) => void;
  readonly clientOut?: (client: ClientName) => void;
  readonly queued?: (client: ClientName, ahead: number) => void;
  /** One that was queued has its turn. */
  readonly admitted?: (client: ClientName) => void;
  readonly refused?: (client: ClientName, reason: string) => void;
  readonly lockLost?: (from: ClientName, to: ClientName) => void;
  /** With other clients there: a client reset the target, or halted a core. */
  readonly targetReset?: (by: ClientName) => void;
  readonly targetHalted?: (by: ClientName) => void;
  readonly opened?: (probe: Probe) => void;
  readonly openFailed?: (error: unknown) => void;
  /** Nobody, or somebody, has the probe open now. */
  readonly useChanged?: () => void;
}

/** How long a busy or forbidden device is tried again inside one `open`: udev may not be done with it yet. */
const OPEN_RETRY_MS = 2000;
const OPEN_RETRY_INTERVAL_MS = 100;
/** A client that steps halts with every step: it is told once, and again after this time. */
const HALT_TOLD_MS = 10_000;

/**
 * The state of one probe over all attachments: it outlives unplug and replug, and so do the leases. The probe is opened
 * for the first lease that opens it and closed after the last; the target is disconnected when no lease that has the
 * probe open is left that did not give up its interest.
 */
export class ProbeSession implements AsyncDisposable {
  readonly turns: TurnQueue<SessionLease>;
  readonly admission: Admission<SessionLease>;
  readonly wire = new Wire();
  readonly clock: SharedClock<SessionLease>;
  readonly posted: PostedWrites<SessionLease>;
  readonly #leases = new Set<SessionLease>();
  #openProbe: OpenProbe | undefined;
  #absence = 'it has not been plugged in yet';
  #probe: Probe | undefined;
  #protocol: WireProtocol | undefined;
  /** When it was last told that a client halts. */
  readonly #haltsTold = new WeakMap<SessionLease, number>();

  constructor(readonly options: ProbeSessionOptions) {
    const { uid, clock, clockLimitHz: limitHz, lockIdleTimeoutMs, events, log } = options;
    const { admission: rules = openToAll, reservation = () => undefined } = options;
    this.admission = new Admission<SessionLease>({
      ...{ uid, clock, rules, reservation },
      unsharable: () => this.clock.obstacle(),
      onQueued: (client, ahead) => events?.queued?.(client, ahead),
      onAdmitted: (client) => events?.admitted?.(client),
      onRefused: (client, reason) => events?.refused?.(client, reason),
    });
    const sharers = (): readonly SessionLease[] => this.leases.filter((lease) => this.admission.isInside(lease));
    this.clock = new SharedClock({ uid, limitHz, sharers });
    this.turns = new TurnQueue<SessionLease>({
      clock,
      lockIdleTimeoutMs,
      onFinished: (lease) => this.#probe && this.posted.note(lease, this.#probe),
      onLockLost: (from, to) => {
        log.info('lock lost', { client: from.client.id, to: to.client.id });
        events?.lockLost?.(from.client, to.client);
      },
    });
    this.posted = new PostedWrites<SessionLease>(clock, (writer, task) => {
      this.turns.runLast(writer, never, task).catch((error: unknown) => {
        log.error('posted writes were not sent', { uid: options.uid, error: describeError(error) });
      });
    });
  }

  /** The device is there: from now on `openProbe` opens it. */
  attach(openProbe: OpenProbe): void {
    this.#openProbe = openProbe;
  }

  /** The device left. Who had it open must open it again, and hears so. */
  async detach(): Promise<void> {
    this.#openProbe = undefined;
    this.#absence = `it was unplugged at ${this.options.clock.date().toISOString()}`;
    const lost = this.#lose();
    // Nobody waits for a turn on a probe that is not there, nor later for the lock of a client that has it open no more.
    this.turns.clear(this.disconnectedError());
    await lost;
  }

  newLease(client: ClientName): ClientLease {
    const lease = new SessionLease(client, this);
    this.#leases.add(lease);
    this.options.events?.clientIn?.(client);
    return lease;
  }

  get leases(): readonly SessionLease[] {
    return [...this.#leases];
  }

  /** Whether a client has the probe open. */
  get isInUse(): boolean {
    return this.#probe !== undefined;
  }

  /** The opened probe. */
  get probe(): Probe | undefined {
    return this.#probe;
  }

  /** The wire protocol the target is connected with. */
  get protocol(): WireProtocol | undefined {
    return this.#protocol;
  }

  /** Whether the device is plugged in. */
  get attached(): boolean {
    return this.#openProbe !== undefined;
  }

  disconnectedError(cause?: unknown): ProbeDisconnectedError {
    const what = this.attached ? 'was replugged: open it again' : `is not there: ${this.#absence}`;
    return new ProbeDisconnectedError(`probe ${this.options.uid} ${what}`, { cause });
  }

  // ---- for leases, with the turn held

  async ensureOpen(signal: AbortSignal): Promise<void> {
    if (this.#probe) {
      this.#requireThere(this.#probe);
      return;
    }
    const { clock, log, uid, events } = this.options;
    const giveUp = clock.now() + OPEN_RETRY_MS;
    for (;;) {
      if (!this.#openProbe) throw this.disconnectedError();
      try {
        const probe = await this.#openProbe(signal);
        if (!this.attached || probe.gone.aborted) {
          await probe[Symbol.asyncDispose]();
          this.#requireThere(probe);
          throw this.disconnectedError();
        }
        await this.clock.begin(probe, never);
        this.#probe = probe;
        log.info('probe opened', { uid });
        events?.opened?.(probe);
        events?.useChanged?.();
        return;
      } catch (error) {
        const mayPass = error instanceof ProbeBusyError || error instanceof ProbeAccessError;
        if (!mayPass || clock.now() >= giveUp) {
          events?.openFailed?.(error);
          throw error;
        }
        await sleep(clock, OPEN_RETRY_INTERVAL_MS, signal);
      }
    }
  }

  async connect(by: SessionLease, probe: Probe, requested: RequestedProtocol, signal: AbortSignal): Promise<void> {
    if (this.#protocol === undefined) {
      this.#protocol = await probe.connect(requested, signal);
      this.wire.connected(this.#protocol);
      for (const lease of this.#leases) lease.joinConnection();
    } else if (requested !== 'DEFAULT' && requested !== this.#protocol) {
      throw this.#otherProtocolError(by, this.#protocol);
    }
  }

  /** A client has reset the target. */
  noteReset(by: SessionLease): void {
    if (this.#isWatched(by)) this.options.events?.targetReset?.(by.client);
  }

  /** A client has halted a core. */
  noteHalt(by: SessionLease): void {
    const now = this.options.clock.now();
    if (!this.#isWatched(by) || now < (this.#haltsTold.get(by) ?? -Infinity) + HALT_TOLD_MS) return;
    this.#haltsTold.set(by, now);
    this.options.events?.targetHalted?.(by.client);
  }

  /** Disconnects the target if nobody needs the connection, and closes the probe if nobody has it open. */
  async releaseUnused(): Promise<void> {
    const probe = this.#probe;
    if (!probe) return;
    await this.#giveBack(
      () => this.#disconnectUnused(probe),
      () => this.#closeUnused(probe),
    );
  }

  async #disconnectUnused(probe: Probe): Promise<void> {
    if (this.#protocol === undefined || this.leases.some((lease) => lease.isConnected)) return;
    this.#protocol = undefined;
    await this.#giveBack(
      () => this.wire.leave(probe),
      () => probe.disconnect(never),
    );
  }

  async #closeUnused(probe: Probe): Promise<void> {
    if (this.leases.some((lease) => lease.isOpen)) return;
    this.#probe = undefined;
    this.posted.forget();
    this.wire.reset();
    this.options.log.info('probe closed', { uid: this.options.uid });
    this.options.events?.useChanged?.();
    await probe[Symbol.asyncDispose]();
  }

  async #giveBack(...steps: readonly (() => Promise<void>)[]): Promise<void> {
    await runAll(steps, (error) => {
      this.options.log.warn('could not close the probe', { uid: this.options.uid, error: describeError(error) });
    });
  }

  /** A lease has ended. Its place in the session goes last, so that `releaseUnused` has seen it leave. */
  forget(lease: SessionLease): void {
    if (this.#leases.delete(lease)) this.options.events?.clientOut?.(lease.client);
  }

  /** Ends the session: what runs is let end, then every lease is disposed and with the last the probe closes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#leases].map((lease) => lease[Symbol.asyncDispose]()));
    await this.#lose();
  }

  /** That a probe has left is known here before `detach` is called: a client is told the same from the first moment. */
  #requireThere({ gone }: Probe): void {
    if (!gone.aborted) return;
    throw new ProbeDisconnectedError(`probe ${this.options.uid} has just been unplugged`, { cause: gone.reason });
  }

  #otherProtocolError(by: SessionLease, protocol: WireProtocol): ProbeStateError {
    const what = `probe ${this.options.uid} is connected with ${protocol}`;
    const others = this.leases.filter((lease) => lease !== by && lease.isConnected);
    if (others.length === 0) return new ProbeStateError(`${what}: send "disconnect" before`);
    const who = clientsText(others.map(({ client }) => client));
    return new ProbeStateError(`${what} for ${who}: use ${protocol}, or wait until nobody is connected`);
  }

  #isWatched(by: SessionLease): boolean {
    return this.leases.some((lease) => lease !== by && lease.isOpen);
  }

  /** Drops the opened probe. The running exchange is left to end by itself: a driver knows when its device is gone. */
  async #lose(): Promise<void> {
    const probe = this.#probe;
    this.#probe = undefined;
    this.#protocol = undefined;
    this.posted.forget();
    this.wire.reset();
    for (const lease of this.#leases) lease.probeLost();
    await probe?.[Symbol.asyncDispose]();
  }
}
