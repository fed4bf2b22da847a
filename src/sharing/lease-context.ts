// What one client has left on the wire and counts on, and the change from one client to another: the line, the debug
// port that was selected, and its sticky flags; power-up requests are in `LeasePower`. All methods that take a probe are
// called with its turn held.

import { never } from '../base/never.js';
import { DaemonError, RequestError } from '../base/errors.js';
import { takeFirst } from '../base/take-first.js';
import { NoAckError, TransferError, TransferTimeoutError } from '../dap/errors.js';
import { type ApAddress, CTRL_STAT, type DpAddress, POWER_REQUESTS, selectOf } from '../dap/registers.js';
import type { WireProtocol } from '../dap/wire-protocol.js';
import type { Probe } from '../probe/probe.js';
import type { TargetWatch } from './core-watch.js';
import { DpView, type WireDp, WORKING_CONTROL, WRITTEN_CONTROL } from './dp-state.js';
import { cannotBeLookedAt, clearLeftFlags, readLeftFlags } from './left-flags.js';
import { LeaseLine, type Sharer } from './lease-line.js';
import { LeasePower } from './lease-power.js';
import type { Line } from './line.js';
import { MemApUser } from './mem-ap-user.js';
import { MemApView, type WireMemAp } from './mem-ap-state.js';
import type { MemoryPort } from './memory-port.js';
import type { Wire } from './wire.js';

export interface LeaseContextOptions {
  readonly wire: Wire;
  readonly sharers: () => readonly Sharer[];
  /** The place up to which accesses were executed: see `PostingDapPort.confirmed`. */
  readonly confirmed: () => number;
  readonly onHalt: () => void;
  readonly onReset: () => void;
}

/** The debug port that a client has selected, as it left it and as it is. */
export interface SelectedDp {
  readonly view: DpView;
  readonly dp: WireDp;
}

/** Debug ports of a line that a client works with. */
const MAX_TARGETS = 32;

export class LeaseContext {
  readonly line: LeaseLine;
  readonly power: LeasePower;
  readonly #wire: Wire;
  readonly #options: LeaseContextOptions;
  readonly #views = new Map<number | undefined, DpView>();
  #selected: SelectedDp | undefined;

  constructor(options: LeaseContextOptions) {
    this.#options = options;
    this.#wire = options.wire;
    this.line = new LeaseLine({
      ...options,
      requireRoom: (selection) => this.#requireRoom(selection),
      enter: (probe) => this.enter(probe, false),
      onChange: (line) => this.#noteLine(line),
    });
    this.power = new LeasePower(this.#wire, this.line, this.#views);
    this.#wire.contexts.add(this);
  }

  get protocol(): WireProtocol {
    return this.#wire.protocol;
  }

  /** Others have used the probe since: `enter` before the next access. */
  get isForeign(): boolean {
    return this.#wire.user !== this;
  }

  /**
   * The next access is to tell something: whether anybody is there, or, behind an error of this client's, whether the
   * sticky flags are still set. A write is waited for, then, also where writes are posted, and also where others have
   * had the flags cleared: alone, this client would hear at once.
   */
  get isWatched(): boolean {
    return !this.#wire.isReady || this.here.view.hasFailed;
  }

  /** A debug port has answered since the last sequence. */
  get isAnswered(): boolean {
    return this.#wire.isReady;
  }

  get here(): SelectedDp {
    return (this.#selected ??= this.#select());
  }

  #select(): SelectedDp {
    const { selection } = this.line.now;
    let view = this.#views.get(selection);
    if (!view) this.#views.set(selection, (view = new DpView()));
    return { view, dp: this.#wire.dp(selection) };
  }

  /** The debug ports that this client counts on. */
  get selections(): (number | undefined)[] {
    return [...this.#views.keys()];
  }

  /**
   * Before this client selects another debug port: of those that it has tried, one that has not answered is forgotten.
   *
   * @throws RequestError  all have
   */
  #requireRoom(selection: number): void {
    if (this.#views.has(selection) || this.#views.size < MAX_TARGETS) return;
    const unanswered = takeFirst(this.#views, (_, tried) => this.#wire.dp(tried).isUnanswered);
    if (!unanswered) throw new RequestError(`a client can work with ${MAX_TARGETS} targets of a line`);
    this.#selected = undefined;
    unanswered.leave();
  }

  /** Has the debug port say how it takes AP addresses, unless it has: `user` and `guest` are for afterwards. */
  async identify(probe: Probe): Promise<void> {
    const { dp } = this.here;
    if (dp.addressing.unread() === undefined) return;
    if (this.isForeign) await this.enter(probe, false);
    // What is not to be answered is not: after a line reset DPIDR has to come first (IHI 0031 B4.3.4).
    if (this.line.now.state === 'fresh') return;
    try {
      for (let id = dp.addressing.unread(); id !== undefined; id = dp.addressing.unread()) {
        this.noteId(id, await probe.dap.readDp(id, never));
        dp.resendOf = 'nobody';
      }
      this.line.answered();
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /** See `Wire.noteId`. */
  noteId(register: DpAddress, value: number): void {
    this.#wire.noteId(this.line.now.selection, register, value);
  }

  /**
   * @param address  of any of its registers; ignored bits may be anything
   * @throws RequestError  this client has written to as many APs as it may
   */
  user(address: ApAddress): MemApUser {
    const { view, dp } = this.here;
    const base = dp.addressing.pageOf(address);
    let user = view.aps.get(base);
    if (!user) {
      if (!view.makeRoom()) throw new RequestError(`a client can write to ${view.aps.size} APs of a target`);
      user = new MemApUser(base, dp.ap(base), new MemApView(), this.#watch);
      view.aps.set(base, user);
    }
    return user;
  }

  /** A memory handle at the debug port where this client is now: at another one it has left other things. */
  guest(address: ApAddress, handle: MemoryPort): MemApUser {
    const { view, dp } = this.here;
    const base = dp.addressing.pageOf(address);
    let user = view.guests.get(handle);
    if (!user) {
      user = new MemApUser(base, dp.ap(base), new MemApView(), this.#watch);
      view.guests.set(handle, user);
    }
    return user;
  }

  // ---- the change from one client to another

  /** Puts what this client counts on at its debug port where others have been. */
  async enter(probe: Probe, isDpidr: boolean): Promise<void> {
    const wire = this.#wire;
    if (!this.line.isOnWire) this.line.requireUp(isDpidr);
    const { losses } = wire;
    try {
      if (!this.line.isOnWire) await this.line.take(probe, isDpidr);
      wire.lineOf = this.line;
      // The access that follows is to tell whether anybody is there.
      if (!wire.isReady) return;
      const { dp } = this.here;
      if (dp.suspect && dp.suspect !== this) await dp.suspect.takeFlags(probe, dp);
      if (wire.mayHaveLostPower && !cannotBeLookedAt(dp)) await this.power.find(probe, dp);
      if (wire.losses !== losses) this.line.requireUp(isDpidr);
      await this.#restoreControl(probe);
      wire.user = this;
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /** For the change to another: saves the sticky flags of this client, and clears them on the wire for the next. */
  async takeFlags(probe: Probe, dp: WireDp): Promise<void> {
    const { protocol, selection } = this.#wire;
    const view = this.#views.get(selection);
    const left = await readLeftFlags(probe, dp, protocol, view?.hasFailed ?? true);
    if (left.control !== undefined && this.#wire.mayHaveLostPower) this.power.judge(dp, left.control);
    if (left.flags !== 0) {
      if (view) view.sticky |= left.flags;
      await clearLeftFlags(probe, dp, protocol, left);
    }
    dp.suspect = undefined;
  }

  async #restoreControl(probe: Probe): Promise<void> {
    const { view, dp } = this.here;
    const mine = view.control ?? 0;
    const counted = view.control === undefined ? WORKING_CONTROL : WRITTEN_CONTROL;
    if (dp.control === undefined || (((mine ^ dp.control) & counted) === 0 && !dp.isControlDoubted)) return;
    const control = ((mine & ~POWER_REQUESTS) | (dp.control & POWER_REQUESTS)) >>> 0;
    this.#wire.user = undefined; // also if the write fails
    await dp.writeControl(probe, control, never);
  }

  /** An access of this client has failed; it may be one that was acknowledged before it was executed. */
  failed(error: unknown): void {
    const wire = this.#wire;
    const { view, dp } = this.here;
    if (!(error instanceof DaemonError)) return; // not begun: its client has gone
    // With ORUNDETECT the target makes a data phase behind WAIT and FAULT, and the probe none: the two lose each other.
    const detects = ((view.control ?? 0) & CTRL_STAT.ORUNDETECT) !== 0 || dp.isOverrunDoubted;
    const hasOverrun = error instanceof TransferError && detects;
    const isUnanswered = error instanceof NoAckError || hasOverrun;
    // What was posted behind the access that failed was dropped. Without an answer the power may have been away.
    const refusedAt = error instanceof TransferError ? error.access?.refusedAt : undefined;
    view.doubt(isUnanswered ? -1 : this.#options.confirmed(), refusedAt);
    if (error instanceof TransferError) {
      dp.suspect ??= this; // or it is still somebody else's: the change has failed
      view.hasFailed = true;
      if (error instanceof TransferTimeoutError) dp.isStuck = view.isStuck = true;
      // It may have been a WAIT, of an access that would make the next client wait as well.
      if (hasOverrun) dp.isStuck = true;
      if (!isUnanswered) return;
      if (wire.protocol === 'SWD') wire.overrunOf = this.line;
      // A scan that is broken off is an access of whatever was shifted so far.
      if (wire.protocol === 'JTAG') this.targetReset();
      this.line.unanswered();
      wire.broken();
    }
    // Neither the line nor what went over it is to be counted on; this client alone goes on with it as it is.
    wire.isReady = false;
    wire.user = undefined;
    if (!this.line.isOnWire) wire.lineOf = undefined;
  }

  // ---- for the session

  /** The pins of a protocol are driven anew. */
  join(): void {
    this.line.join();
    this.#selected = undefined;
  }

  /** What is behind a debug port is not what it was. */
  leaveAps(selection: number | undefined): void {
    this.#views.get(selection)?.leave();
  }

  /** The client has left, or the probe is gone. */
  reset(): void {
    for (const view of this.#views.values()) view.leave();
    this.#views.clear();
    this.join();
  }

  /** The client is gone for good. */
  leave(): void {
    this.reset();
    this.#wire.contexts.delete(this);
    if (this.#wire.user === this) this.#wire.user = undefined;
    this.line.leave();
  }

  /**
   * This client is about to reset the target, and its APs maybe with it. What others have there is saved, and what it
   * has itself is put there: so it finds afterwards what it would find alone.
   */
  async beforeReset(probe: Probe): Promise<void> {
    const wire = this.#wire;
    if (!wire.isReady && (wire.contexts.size === 1 || !(await this.#regainLine(probe)))) return;
    try {
      const there = wire.dp(wire.selection);
      // The driver will not count on SELECT any more, and then flags do not let themselves be read.
      if (there.suspect && there.suspect !== this) await there.suspect.takeFlags(probe, there);
      const { dp } = this.here;
      const hasPower = (dp.control ?? 0) & CTRL_STAT.CDBGPWRUPREQ;
      if (wire.contexts.size === 1 || !hasPower) return;
      if (this.line.isUp(false)) {
        if (this.isForeign) await this.enter(probe, false);
      } else if (wire.selection !== this.line.now.selection) return;
      // Of its own, which others never see, it is told as before.
      if (dp.suspect) await dp.suspect.takeFlags(probe, dp);
      dp.rdbuffOf = dp.resendOf = 'nobody';
      for (const [base, ap] of dp.aps) if (ap.views.size > 0) await this.#claimAll(probe, base, ap);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      this.failed(error); // what cannot be reached may be the reason for the reset
    }
  }

  /** Also where this client itself has lost the line: what others have there is to be saved all the same. */
  async #regainLine(probe: Probe): Promise<boolean> {
    for (const { line } of new Set([this, ...this.#wire.contexts])) if (await line.regain(probe)) return true;
    return false;
  }

  /** See `MemApUser.claimAll`, also where this client has not used the AP. */
  async #claimAll(probe: Probe, base: ApAddress, ap: WireMemAp): Promise<void> {
    const mine = this.here.view.aps.get(base);
    const user = mine ?? new MemApUser(base, ap, new MemApView(), this.#watch);
    try {
      await user.claimAll(probe.dap);
    } finally {
      if (!mine) user.leave();
    }
  }

  /** The target was reset by this client, and APs may have been with it: others get back there what they count on. */
  targetReset(): void {
    const mine = new Map([...this.#views].map(([selection, { aps }]) => [this.#wire.dp(selection), aps]));
    for (const dp of this.#wire.dps) {
      for (const [base, ap] of dp.aps) ap.distrust(mine.get(dp)?.get(base)?.view);
    }
  }

  #noteLine({ state }: Line): void {
    this.#selected = undefined;
    if (state !== 'fresh') return;
    // A line reset takes SELECT.DPBANKSEL of all debug ports back to 0 (IHI 0074 B4.3.3).
    for (const view of this.#views.values()) view.select = selectOf(view.select);
  }

  readonly #watch: TargetWatch = {
    halted: (): void => this.#options.onHalt(),
    wasReset: (): void => {
      this.targetReset();
      this.#options.onReset();
    },
  };
}
