// What one client has of a probe: see ClientLease.

import { never } from '../base/never.js';
import { describeError, UnsupportedError } from '../base/errors.js';
import { runAll } from '../base/run-all.js';
import type { BitString } from '../dap/bit-string.js';
import type { RequestedProtocol, WireProtocol } from '../dap/wire-protocol.js';
import { ProbeDisconnectedError } from '../probe/errors.js';
import type { JtagSequence, Probe, SwdSequence, SwoPort } from '../probe/probe.js';
import type { ClientLease, ClientName, ProbeAbilities } from './client-lease.js';
import { LeaseContext } from './lease-context.js';
import { LeaseTurns } from './lease-turns.js';
import { MemoryHandles } from './memory-handles.js';
import type { MemoryPort } from './memory-port.js';
import type { Writer } from './posted-writes.js';
import type { ProbeSession } from './probe-session.js';
import { ResetHold } from './reset-hold.js';
import { SwoClaim } from './swo-claim.js';
import { type UseProbe, VirtualDap } from './virtual-dap.js';

export class SessionLease implements ClientLease, Writer {
  readonly dap: VirtualDap;
  readonly #turns: LeaseTurns;
  readonly #context: LeaseContext;
  readonly #memory: MemoryHandles;
  readonly #nReset: ResetHold;
  readonly #swo: SwoClaim;
  #opens = 0;
  /** Has the probe open, the target is connected, and this client did not say it needs it no more. */
  #connected = false;
  /** Had the probe open when it was unplugged. */
  #lost = false;
  #clockHz: number | undefined;
  #disposed: Promise<void> | undefined;

  constructor(
    readonly client: ClientName,
    private readonly session: ProbeSession,
  ) {
    this.#turns = new LeaseTurns(this, session);
    const others = (): readonly SessionLease[] => session.leases.filter((lease) => lease !== this);
    this.#context = new LeaseContext({
      wire: session.wire,
      sharers: () => others().flatMap((it) => (it.isConnected ? [{ client: it.client, line: it.#context.line }] : [])),
      confirmed: () => session.probe?.dap.confirmed ?? -1,
      onHalt: () => session.noteHalt(this),
      onReset: () => session.noteReset(this),
    });
    const use: UseProbe = (signal, operation) => this.#turns.use(signal, operation);
    this.dap = new VirtualDap(this.#context, use, session.options.log);
    this.#memory = new MemoryHandles(this.dap);
    this.#nReset = new ResetHold({
      clock: session.options.clock,
      isHeldByOthers: () => others().some((lease) => lease.holdsReset),
      beforeReset: (probe) => this.#context.beforeReset(probe),
      onReset: () => {
        this.#context.targetReset();
        session.noteReset(this);
      },
      onStuck: (error) => this.#warn('could not let go of nRESET', error),
    });
    this.#swo = new SwoClaim(() => others().find((lease) => lease.capturesSwo)?.client);
  }

  get isOpen(): boolean {
    return this.#opens > 0;
  }

  /** The probe is not there, or was replugged and not opened again. */
  get isLost(): boolean {
    return this.#lost || !this.session.attached;
  }

  /** How deep this client holds the lock now: 0 also while it has lost it to another. */
  get lockDepth(): number {
    const { turns } = this.session;
    return turns.holder === this ? turns.depthOf(this) : 0;
  }

  get isConnected(): boolean {
    return this.#connected;
  }

  get capturesSwo(): boolean {
    return this.#swo.isCapturing;
  }

  /** The clock this client has asked for. */
  get clockHz(): number | undefined {
    return this.#clockHz;
  }

  /** Has asserted nRESET and not let go of it. */
  get holdsReset(): boolean {
    return this.#nReset.isHeld;
  }

  // ---- open, connect, lock

  async open(signal: AbortSignal): Promise<void> {
    const { admission } = this.session;
    await admission.enter(this, signal);
    try {
      await this.#turns.run(signal, async () => {
        await this.session.ensureOpen(signal);
        this.#opens++;
        this.#lost = false;
        // A stock client that finds the target connected sends no `connect`, and relies on the connection all the same.
        this.#connected = this.session.protocol !== undefined;
      });
    } finally {
      if (!this.isOpen) admission.leave(this);
    }
  }

  async close(signal: AbortSignal): Promise<void> {
    if (!this.isOpen) return;
    await this.#turns.run(signal, async () => {
      if (this.#opens === 0) return; // the probe was unplugged meanwhile
      this.#opens--;
      if (this.isOpen) return;
      try {
        await this.#leave();
      } finally {
        // Who has no use for the probe any more keeps nobody from it: least of all the one that is let in instead.
        this.session.turns.release(this);
        this.session.admission.leave(this);
      }
    });
  }

  connect(protocol: RequestedProtocol, signal: AbortSignal): Promise<void> {
    return this.#turns.useInOrder(signal, async (probe) => {
      await this.session.connect(this, probe, protocol, signal);
      this.#connected = true;
    });
  }

  async disconnect(signal: AbortSignal): Promise<void> {
    if (!this.isOpen) return;
    await this.#turns.run(signal, async () => {
      await this.session.posted.settle();
      this.#connected = false;
      const steps = [() => this.#releasePower(), () => this.session.releaseUnused()];
      await runAll(steps, (error) => this.#warn('could not disconnect the target', error));
      this.#turns.lateError.tell();
    });
  }

  async lock(signal: AbortSignal): Promise<void> {
    if (this.isLost) throw this.session.disconnectedError();
    this.session.admission.requireInside(this);
    await this.session.turns.lock(this, signal);
  }

  unlock(): void {
    this.session.turns.unlock(this);
  }

  // ---- what goes to the probe

  setClock(frequencyHz: number, signal: AbortSignal): Promise<void> {
    return this.#turns.useInOrder(signal, async (probe) => {
      this.session.clock.requireSharable(this, frequencyHz);
      const before = this.#clockHz;
      this.#clockHz = frequencyHz;
      try {
        await this.session.clock.apply(probe, signal);
      } catch (error) {
        this.#clockHz = before;
        throw error;
      }
    });
  }

  reset(signal: AbortSignal): Promise<void> {
    return this.#turns.useInOrder(signal, (probe) => this.#nReset.pulse(probe, signal));
  }

  setReset(asserted: boolean, signal: AbortSignal): Promise<void> {
    if (asserted) return this.#turns.useInOrder(signal, (probe) => this.#nReset.assert(probe, signal));
    return this.#turns.runIfOpen(signal, async () => {
      await this.session.posted.settle();
      // Before an error of something else is told: clients do not ask again, and nobody may leave a target in reset.
      await this.#nReset.release(this.#turns.requireProbe(), signal);
      this.#turns.lateError.tell();
    });
  }

  readReset(signal: AbortSignal): Promise<boolean> {
    return this.#turns.useInOrder(signal, (probe) => probe.readReset(signal));
  }

  swjSequence(sequence: BitString, signal: AbortSignal): Promise<void> {
    return this.#turns.useInOrder(signal, (probe) => {
      if (!probe.swjSequence) throw this.#unsupported('SWJ sequences');
      return this.#context.line.swjSequence(probe, sequence, signal);
    });
  }

  swdSequence(pieces: readonly SwdSequence[], signal: AbortSignal): Promise<readonly BitString[]> {
    return this.#turns.useInOrder(signal, (probe) => {
      if (!probe.swd) throw this.#unsupported('SWD sequences');
      return this.#context.line.swdSequence(probe, pieces, signal);
    });
  }

  jtagSequence(sequence: JtagSequence, signal: AbortSignal): Promise<BitString | undefined> {
    return this.#turns.useInOrder(signal, (probe) => {
      if (!probe.jtag) throw this.#unsupported('JTAG');
      return this.#context.line.jtagSequence(probe, sequence, signal);
    });
  }

  swoStart(baudRate: number, signal: AbortSignal): Promise<void> {
    return this.#turns.use(signal, (probe) => this.#swo.start(this.#swoPort(probe), baudRate, signal));
  }

  swoStop(signal: AbortSignal): Promise<void> {
    return this.#turns.use(signal, (probe) => this.#swo.stop(this.#swoPort(probe), signal));
  }

  swoRead(signal: AbortSignal): Promise<Uint8Array> {
    return this.#turns.use(signal, (probe) => this.#swo.read(this.#swoPort(probe), signal));
  }

  async memoryHandle(apVersion: 1 | 2, nominalAddress: number, signal: AbortSignal): Promise<number | undefined> {
    return this.session.options.memoryHandles ? this.#memory.make(apVersion, nominalAddress, signal) : undefined;
  }

  memory(handle: number): MemoryPort {
    return this.#memory.get(handle);
  }

  // ---- properties

  get vendorName(): string {
    return this.session.options.vendor;
  }

  get productName(): string {
    return this.session.options.product;
  }

  get wireProtocols(): readonly WireProtocol[] {
    return this.#turns.requireProbe().wireProtocols;
  }

  get isWaiting(): boolean {
    return this.session.admission.isWaiting(this) || this.session.turns.isLockedOut(this);
  }

  get wireProtocol(): WireProtocol | undefined {
    return this.session.protocol;
  }

  get abilities(): ProbeAbilities {
    const probe = this.#turns.requireProbe();
    return {
      swjSequence: probe.swjSequence !== undefined,
      swdSequence: probe.swd !== undefined,
      jtagSequence: probe.jtag !== undefined,
      swo: probe.swo !== undefined,
    };
  }

  // ---- for the session

  /** The target has been connected. */
  joinConnection(): void {
    if (this.isOpen) this.#connected = true;
  }

  writeFailed(error: unknown): void {
    this.#context.failed(error);
    this.#turns.lateError.note(error);
  }

  /** The probe was unplugged. */
  probeLost(): void {
    this.#turns.lateError.forget(); // that the probe is gone is told anyway
    if (this.isOpen) {
      this.#lost = true;
      this.session.admission.leave(this);
    }
    this.#opens = 0;
    this.#connected = false;
    this.#nReset.forget();
    this.#swo.forget();
    this.#clockHz = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    const { turns } = this.session;
    try {
      // Not as other operations: a lock that an idle client has lost to another is not taken again just to leave.
      if (this.isOpen) await this.#turns.runLast(() => this.#leave());
    } catch (error) {
      this.#warn('could not leave the probe in order', error);
    } finally {
      // Not before: who gets the lock next is to find the probe in order.
      turns.release(this);
      this.session.admission.leave(this);
      this.#context.leave();
      this.session.forget(this);
    }
  }

  #warn(message: string, error: unknown): void {
    // Of a probe that was unplugged meanwhile there is nothing to give back.
    if (error instanceof ProbeDisconnectedError) return;
    const { log, uid } = this.session.options;
    log.warn(message, { uid, client: this.client.address, error: describeError(error) });
  }

  /** Gives back what this client has of the probe: SWO, reset, power, clock, connection, open. */
  async #leave(): Promise<void> {
    const { probe } = this.session;
    await this.session.posted.settle(); // what was acknowledged is done
    this.#turns.lateError.forget();
    this.#opens = 0;
    this.#connected = false;
    this.#clockHz = undefined;
    const steps = [
      () => this.#swo.leave(probe),
      () => this.#nReset.leave(probe),
      () => this.#releasePower(),
      () => this.#releaseClock(),
      () => this.#context.reset(),
      () => this.session.releaseUnused(),
    ];
    await runAll(steps, (error) => this.#warn('could not leave the probe in order', error));
  }

  async #releaseClock(): Promise<void> {
    const { probe, leases } = this.session;
    if (probe && leases.some((lease) => lease.isOpen)) await this.session.clock.apply(probe, never);
  }

  async #releasePower(): Promise<void> {
    const { probe, protocol } = this.session;
    if (probe && protocol) await this.#context.power.release(probe);
  }

  #swoPort(probe: Probe): SwoPort {
    if (!probe.swo) throw this.#unsupported('SWO');
    return probe.swo;
  }

  #unsupported(ability: string): UnsupportedError {
    return new UnsupportedError(`probe ${this.session.options.uid} does not support ${ability}`);
  }
}
