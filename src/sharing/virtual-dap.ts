// A client's own DAP. What the client has written to the debug ports is kept here; what is on the wire, and whose it
// is, is in `Wire`. As long as nobody else has used the probe, accesses go straight to it.

import { never } from '../base/never.js';
import { DaemonError, RequestError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { bitString, type BitString } from '../dap/bit-string.js';
import { NoAckError, TransferError, TransferFaultError, TransferTimeoutError } from '../dap/errors.js';
import { ABORT, type ApAddress, CTRL_STAT, DP, type DpAddress, selectOf } from '../dap/registers.js';
import type { DapPort, JtagSequence, Probe, SwdSequence } from '../probe/probe.js';
import { targetSelPieces } from '../probe/target-sel.js';
import { afterJtag, afterSequence, afterSwd, afterTargetSel, joinedLine, type Line, lineReset } from './line.js';
import { DpView, POWER_ACKS, POWER_REQUESTS, type WireDp } from './dp-state.js';
import { MemApUser } from './mem-ap-user.js';
import { MemApView, WireMemAp } from './mem-ap-state.js';
import { CLEAR_STICKY, flagsClearedBy, STICKY } from './sticky-flags.js';
import type { Wire } from './wire.js';

/** Runs an operation on the opened probe when its client's turn has come. */
export type UseProbe = <T>(signal: AbortSignal, operation: (probe: Probe) => Promise<T>) => Promise<T>;

export interface VirtualDapOptions {
  readonly wire: Wire;
  readonly use: UseProbe;
  /** Whether another client counts on the target's connection. */
  readonly isShared: () => boolean;
  readonly onHalt: () => void;
  readonly onReset: () => void;
  readonly log: Logger;
}

/** The debug port that a client has selected, as it left it and as it is. */
interface SelectedDp {
  readonly view: DpView;
  readonly dp: WireDp;
}

const DPBANKSEL = 0x0f;
/** The low byte of an AP address is the register, the rest its page: a whole AP in ADIv5, a part of one in ADIv6. */
const REGISTER_MASK = 0xff;
const MAX_APS = 512;
const MAX_TARGETS = 32;
/** Sequences that were absorbed, and may have to be sent after all. */
const MAX_SCRIPT = 64;
/** Bits of CTRL/STAT that change what accesses do: ORUNDETECT, and TRNMODE in bits 3:2. */
const WORKING_CONTROL = CTRL_STAT.ORUNDETECT | 0x0c;
/** Bits that read as written: those, MASKLANE and TRNCNT. */
const WRITTEN_CONTROL = WORKING_CONTROL | 0xf00 | 0x1ff000;
/** CTRL/STAT as clients have it: both power-up requests, all byte lanes. */
const CONTROL_AT_WORK = POWER_REQUESTS | 0xf00;

/**
 * The DAP as one client sees it. Addresses are those of the wire: of a DP address A[3:2] counts, of an AP address too,
 * and the client's own SELECT says which bank and which AP that is. SELECT and SELECT1 never reach the probe as such.
 */
export class VirtualDap implements DapPort {
  readonly #wire: Wire;
  readonly #options: VirtualDapOptions;
  #line: Line | undefined;
  /** Sequences this client believes to be sent since its last access. */
  #script: ((probe: Probe) => Promise<unknown>)[] = [];
  readonly #views = new Map<number | undefined, DpView>();
  #selected: SelectedDp | undefined;

  constructor(options: VirtualDapOptions) {
    this.#options = options;
    this.#wire = options.wire;
    this.#wire.daps.add(this);
  }

  readDp(address: DpAddress, signal: AbortSignal): Promise<number> {
    return this.#options.use(signal, (probe) => this.#readDp(probe, address & 0xc, signal));
  }

  writeDp(address: DpAddress, value: number, signal: AbortSignal): Promise<void> {
    return this.#options.use(signal, (probe) => this.#writeDp(probe, address & 0xc, value, signal));
  }

  readAp(address: ApAddress, count: number, signal: AbortSignal): Promise<Uint32Array> {
    return this.#options.use(signal, (probe) => {
      const register = this.#apRegister(address);
      return this.#read(probe, this.#selectedAp(), register, count, signal);
    });
  }

  writeAp(address: ApAddress, values: Uint32Array, signal: AbortSignal): Promise<void> {
    return this.#options.use(signal, (probe) => {
      const register = this.#apRegister(address);
      return this.#write(probe, this.#selectedAp(), register, values, signal);
    });
  }

  flush(signal: AbortSignal): Promise<void> {
    return this.#options.use(signal, (probe) => probe.dap.flush(signal));
  }

  // ---- sequences, with the turn held

  async swjSequence(probe: Probe, sequence: BitString, signal: AbortSignal): Promise<void> {
    await this.#send(probe, afterSequence(this.#lineNow, sequence), async (on, stop = signal) =>
      on.swjSequence?.(sequence, stop),
    );
  }

  /** What nobody drives is read as ones. */
  async swdSequence(probe: Probe, pieces: readonly SwdSequence[], signal: AbortSignal): Promise<readonly BitString[]> {
    const after = afterSwd(this.#lineNow, pieces);
    const read = await this.#send(probe, after, async (on, stop = signal) => on.swd?.sequence(pieces, stop));
    return read ?? undriven(pieces);
  }

  async jtagSequence(probe: Probe, sequence: JtagSequence, signal: AbortSignal): Promise<BitString | undefined> {
    const after = afterJtag(this.#lineNow, sequence);
    return this.#send(probe, after, async (on, stop = signal) => on.jtag?.sequence(sequence, stop));
  }

  /**
   * Alone with the target: on the wire, whatever it is. Else what a newcomer does to bring the line up is absorbed: the
   * line is up, or will be when this client's next access finds that it is not.
   */
  async #send<T>(
    probe: Probe,
    after: Line | undefined,
    send: (probe: Probe, signal?: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> {
    const wire = this.#wire;
    const before = this.#lineNow;
    if (!this.#options.isShared()) {
      wire.lost();
      // What was absorbed while others were there belongs before it.
      for (const absorbed of this.#script.splice(0)) await absorbed(probe);
      const result = await send(probe);
      this.#setLine(after ?? { ...before, state: 'joined', ones: 0 });
      wire.lineOf = this;
      wire.selection = this.#lineNow.selection;
      return result;
    }
    if (!after) {
      throw new RequestError(
        'other clients are connected: of sequences, line resets, changes of protocol and TARGETSEL can be granted',
      );
    }
    this.#script.push((on) => send(on, never));
    if (this.#script.length > MAX_SCRIPT) this.#script.shift();
    this.#setLine(after);
    wire.user = undefined;
    if (wire.lineOf === this) wire.lineOf = undefined;
    return undefined;
  }

  // ---- accesses, with the turn held

  async #readDp(probe: Probe, register: DpAddress, signal: AbortSignal): Promise<number> {
    const full = this.#dpAddress(register);
    if (this.#wire.user !== this) await this.#enter(probe, full === DP.DPIDR);
    const { view, dp } = this.#here;
    if (view.sticky !== 0 && this.#wire.protocol === 'SWD' && full !== DP.DPIDR && full !== DP.CTRL_STAT) {
      throw this.#stickyFault('DP', full);
    }
    try {
      const value = await probe.dap.readDp(full, signal);
      this.#answered();
      return this.#seen(dp, view, full, value);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** What this client would have read, had it been alone. */
  #seen(dp: WireDp, view: DpView, full: DpAddress, value: number): number {
    let seen = value;
    if (full === DP.CTRL_STAT) seen = this.#controlSeen(dp, view, value);
    else if (this.#wire.protocol === 'SWD') {
      if (full === DP.RDBUFF && dp.rdbuffOf && dp.rdbuffOf !== view) seen = view.rdbuff;
      if (full === DP.RESEND && dp.resendOf && dp.resendOf !== view) seen = view.resend;
    }
    view.resend = seen;
    dp.resendOf = view;
    return seen;
  }

  #controlSeen(dp: WireDp, view: DpView, value: number): number {
    if (dp.control === undefined) return value;
    // Not written by this client, but by others: what it has not asked for is not there.
    const kept = view.control === undefined ? value & ~WRITTEN_CONTROL : value;
    const requests = value & view.power;
    const acks = value & (view.power << 1);
    return ((kept & ~(POWER_REQUESTS | POWER_ACKS)) | requests | acks | view.sticky) >>> 0;
  }

  async #writeDp(probe: Probe, register: DpAddress, value: number, signal: AbortSignal): Promise<void> {
    const full = register === DP.ABORT ? DP.ABORT : this.#dpAddress(register);
    const isSelect = full === DP.SELECT || full === DP.SELECT1;
    // Of SELECT nothing goes over the wire.
    if (isSelect) {
      const { view } = this.#here;
      if (full === DP.SELECT) view.select = value;
      else view.select1 = value;
      view.selected = undefined;
      return;
    }
    if (full === DP.TARGETSEL && this.#wire.protocol === 'SWD') {
      await this.#send(probe, afterTargetSel(this.#lineNow, value), ({ dap }, stop = signal) =>
        dap.writeDp(full, value, stop),
      );
      return;
    }
    if (this.#wire.user !== this) await this.#enter(probe, false);
    const { view, dp } = this.#here;
    if (view.sticky !== 0 && this.#wire.protocol === 'SWD' && full !== DP.ABORT) throw this.#stickyFault('DP', full);
    try {
      if (full === DP.CTRL_STAT) await this.#writeControl(probe, value, signal);
      else await probe.dap.writeDp(full, value, signal);
      if (!this.#wire.isReady) await probe.dap.flush(signal); // it is to tell whether anybody is there
      if (full === DP.ABORT) this.#noteAbort(dp, view, value);
      this.#noteWritten(dp, view);
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  #noteAbort(dp: WireDp, view: DpView, value: number): void {
    view.sticky &= ~flagsClearedBy(value);
    if (this.#wire.protocol === 'JTAG') view.doubt();
    if (dp.suspect !== this) return;
    if (value & ABORT.DAPABORT) dp.isStuck = false;
    if ((value & CLEAR_STICKY) === CLEAR_STICKY && this.#wire.protocol === 'SWD' && !dp.isStuck) dp.suspect = undefined;
  }

  /** Power is requested for all who want it; the rest of the register is this client's. */
  async #writeControl(probe: Probe, value: number, signal: AbortSignal): Promise<void> {
    const { view, dp } = this.#here;
    const power = (value & POWER_REQUESTS) | this.#powerOfOthers(view);
    await probe.dap.writeDp(DP.CTRL_STAT, ((value & ~POWER_REQUESTS) | power) >>> 0, signal);
    if (this.#wire.protocol === 'JTAG') {
      view.sticky &= ~value;
      if (value & STICKY) view.doubt();
    }
    const control = value & ~STICKY;
    view.control = control >>> 0;
    noteControl(dp, ((control & ~POWER_REQUESTS) | power) >>> 0);
  }

  #powerOfOthers(view: DpView): number {
    let power = 0;
    const { selection } = this.#lineNow;
    for (const dap of this.#wire.daps) {
      const other = dap.#views.get(selection);
      if (other && other !== view) power |= other.power;
    }
    return power;
  }

  async #read(
    probe: Probe,
    user: MemApUser,
    register: number,
    count: number,
    signal: AbortSignal,
  ): Promise<Uint32Array> {
    if (this.#wire.user !== this) await this.#enter(probe, false);
    const { view, dp } = this.#here;
    const isJtag = this.#wire.protocol === 'JTAG';
    if (view.sticky !== 0) {
      // A JTAG-DP lets nothing through, and does not say so (IHI 0031 B3.4.3, OK/FAULT).
      if (isJtag) return new Uint32Array(count);
      throw this.#stickyFault('AP', user.base + register);
    }
    if (isJtag) dp.suspect = this;
    try {
      const words = await user.read(probe.dap, register, count, signal);
      this.#answered();
      user.ap.hasIntruded = false;
      view.rdbuff = view.resend = words[count - 1];
      dp.rdbuffOf = dp.resendOf = view;
      return words;
    } catch (error) {
      noteIntrusion(dp, user, view);
      this.#failed(error);
      throw error;
    }
  }

  async #write(
    probe: Probe,
    user: MemApUser,
    register: number,
    values: Uint32Array,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#wire.user !== this) await this.#enter(probe, false);
    const { view, dp } = this.#here;
    const isJtag = this.#wire.protocol === 'JTAG';
    if (view.sticky !== 0) {
      if (isJtag) return;
      throw this.#stickyFault('AP', user.base + register);
    }
    if (isJtag) dp.suspect = this;
    try {
      await user.write(probe.dap, register, values, signal);
      if (!this.#wire.isReady) await probe.dap.flush(signal);
      noteIntrusion(dp, user, view);
      this.#noteWritten(dp, view);
    } catch (error) {
      noteIntrusion(dp, user, view);
      this.#failed(error);
      throw error;
    }
  }

  /** Behind a write the probe reads RDBUFF, to see whether it worked. */
  #noteWritten(dp: WireDp, view: DpView): void {
    this.#answered();
    view.resend = view.rdbuff;
    dp.resendOf = dp.rdbuffOf;
  }

  #stickyFault(port: 'DP' | 'AP', address: number): TransferFaultError {
    const { view } = this.#here;
    if ((view.control ?? 0) & CTRL_STAT.ORUNDETECT) view.sticky |= CTRL_STAT.STICKYORUN;
    return new TransferFaultError({ port, address });
  }

  // ---- the change from one client to another

  /** Puts what this client counts on at its debug port where others have been. */
  async #enter(probe: Probe, isDpidr: boolean): Promise<void> {
    const wire = this.#wire;
    if (wire.lineOf !== this) this.#requireLine(isDpidr);
    try {
      if (wire.lineOf !== this) await this.#takeLine(probe, isDpidr);
      wire.lineOf = this;
      // The access that follows is to tell whether anybody is there.
      if (!wire.isReady) return;
      const { dp } = this.#here;
      if (dp.suspect && dp.suspect !== this) await dp.suspect.takeFlags(probe, dp);
      await this.#restoreControl(probe);
      wire.user = this;
    } catch (error) {
      this.#failed(error);
      throw error;
    }
  }

  /** Refuses what the debug port would not have answered. */
  #requireLine(isDpidr: boolean): void {
    const { state, protocol } = this.#lineNow;
    const isUp = state === 'ready' || state === 'joined' || (state === 'fresh' && isDpidr);
    const mayBeUp = !this.#wire.isReady && this.#script.length > 0;
    if (protocol === this.#wire.protocol && (isUp || mayBeUp)) return;
    this.#setLine({ ...this.#lineNow, state: state === 'dormant' ? state : 'lost' });
    this.#script = [];
    throw new NoAckError();
  }

  async #takeLine(probe: Probe, isDpidr: boolean): Promise<void> {
    const wire = this.#wire;
    const { state, selection } = this.#lineNow;
    if (wire.isReady && wire.selection === selection) return;
    const script = this.#script;
    this.#script = [];
    if (!wire.isReady && script.length > 0) {
      wire.lost();
      for (const send of script) await send(probe);
      wire.selection = selection;
      return;
    }
    // Who never sent anything takes it as it comes.
    if (state === 'joined' && !wire.isReady) return;
    await moveLine(probe, wire, selection, isDpidr);
  }

  /** For the change to another: saves the sticky flags of this client, and clears them on the wire for the next. */
  async takeFlags(probe: Probe, dp: WireDp): Promise<void> {
    const { protocol, selection } = this.#wire;
    if (dp.isStuck) await probe.dap.writeDp(DP.ABORT, ABORT.DAPABORT, never);
    dp.isStuck = false;
    const status = await readFlags(probe);
    dp.resendOf = 'nobody';
    const flags = status & STICKY;
    if (flags !== 0) {
      if (protocol === 'SWD') await probe.dap.writeDp(DP.ABORT, CLEAR_STICKY, never);
      else await probe.dap.writeDp(DP.CTRL_STAT, ((dp.control ?? status & POWER_REQUESTS) | flags) >>> 0, never);
      const view = this.#views.get(selection);
      if (view) {
        view.sticky |= flags;
        if (protocol === 'JTAG') view.doubt();
      }
    }
    dp.suspect = undefined;
  }

  async #restoreControl(probe: Probe): Promise<void> {
    const { view, dp } = this.#here;
    const mine = view.control ?? 0;
    const counted = view.control === undefined ? WORKING_CONTROL : WRITTEN_CONTROL;
    if (dp.control === undefined || ((mine ^ dp.control) & counted) === 0) return;
    const control = ((mine & ~POWER_REQUESTS) | (dp.control & POWER_REQUESTS)) >>> 0;
    await probe.dap.writeDp(DP.CTRL_STAT, control, never);
    dp.control = control;
  }

  #answered(): void {
    const wire = this.#wire;
    if (wire.isReady && this.#line?.state === 'ready') return;
    wire.isReady = true;
    this.#script = [];
    this.#setLine({ ...this.#lineNow, state: 'ready' });
  }

  #failed(error: unknown): void {
    const wire = this.#wire;
    const { dp } = this.#here;
    if (!(error instanceof DaemonError)) return; // not begun: its client has gone
    if (error instanceof TransferError) {
      dp.suspect ??= this; // or it is still somebody else's: the change has failed
      if (error instanceof TransferTimeoutError) dp.isStuck = true;
      this.#doubt(); // posted writes behind the one that failed were dropped
      if (!(error instanceof NoAckError)) return;
      this.#setLine({ ...this.#lineNow, state: 'lost' });
    }
    // Neither the line nor what went over it is to be counted on; this client goes on with it as it is.
    wire.isReady = false;
    wire.user = undefined;
  }

  /** What this client has written to its APs may not be in them. */
  #doubt(): void {
    for (const user of this.#here.view.aps.values()) user.doubt();
  }

  /** Writes that this client believes to be done have failed, or were dropped behind one that has. */
  writesFailed(error: unknown): void {
    this.#failed(error);
  }

  // ---- memory handles

  /** Accesses to a page of AP registers in one turn, on behalf of `guest`, or of the client itself. */
  useAp<T>(
    base: ApAddress,
    guest: MemApView | undefined,
    signal: AbortSignal,
    body: (ap: ApTurn) => Promise<T>,
  ): Promise<T> {
    return this.#options.use(signal, (probe) => {
      const { view } = this.#here;
      const user = guest ? this.#guest(base, guest) : this.#user(base);
      return body({
        client: view.aps.get(base)?.view,
        read: (register, count) => this.#read(probe, user, register, count, signal),
        write: (register, values) => this.#write(probe, user, register, values, signal),
        clearSticky: () => this.#clearSticky(probe, signal),
        hasFailed: () => this.#hasFailed(probe, signal),
      });
    });
  }

  /** A JTAG-DP acknowledges accesses that fail, and the ones after it, with OK (IHI 0031 B3.4.3): only the flag tells. */
  async #hasFailed(probe: Probe, signal: AbortSignal): Promise<boolean> {
    await probe.dap.flush(signal);
    if (this.#wire.protocol === 'SWD') return false;
    return ((await this.#readDp(probe, DP.CTRL_STAT, signal)) & CTRL_STAT.STICKYERR) !== 0;
  }

  async #clearSticky(probe: Probe, signal: AbortSignal): Promise<void> {
    const { view, dp } = this.#here;
    if (this.#wire.protocol === 'SWD') return this.#writeDp(probe, DP.ABORT, CLEAR_STICKY, signal);
    view.sticky = 0;
    view.doubt();
    await probe.dap.writeDp(DP.CTRL_STAT, ((dp.control ?? CONTROL_AT_WORK) | STICKY) >>> 0, signal);
  }

  #guest(base: ApAddress, guest: MemApView): MemApUser {
    const { view, dp } = this.#here;
    let user = view.guests.get(guest);
    if (!user) {
      guest.forget();
      guest.isLeft = false;
      view.guests.set(guest, (user = new MemApUser(base, apOn(dp, base), guest, this.#watch)));
    }
    return user;
  }

  // ---- for the session

  /** The pins of a protocol are driven anew. */
  join(): void {
    this.#line = this.#selected = undefined;
    this.#script = [];
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
    this.#wire.daps.delete(this);
    if (this.#wire.user === this) this.#wire.user = undefined;
    if (this.#wire.lineOf === this) this.#wire.lineOf = undefined;
  }

  /** The target was reset by this client, and APs may have been with it: others get back there what they count on. */
  targetReset(): void {
    for (const dp of this.#wire.dps) {
      for (const [base, ap] of dp.aps) {
        const mine = dp === this.#here.dp ? this.#user(base).view : new MemApView();
        mine.forget();
        mine.isLeft = dp !== this.#here.dp;
        for (const kept of ['csw', 'tar', 'tarHigh'] as const) if (ap.owners[kept]) ap.owners[kept] = mine;
        ap.coreOwner = undefined;
      }
    }
  }

  /** Takes back this client's power-up requests, where nobody else has them. */
  async releasePower(probe: Probe): Promise<void> {
    for (const [selection, view] of this.#views) {
      const { power } = view;
      view.control = view.control === undefined ? undefined : (view.control & ~POWER_REQUESTS) >>> 0;
      const dp = this.#wire.dp(selection);
      const others = [...this.#wire.daps].reduce((sum, dap) => sum | (dap.#views.get(selection)?.power ?? 0), 0);
      if ((power & ~others) === 0 || dp.control === undefined) continue;
      try {
        await this.#writePower(probe, selection, dp, others);
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
        this.#wire.lost(); // a target that does not answer cannot be told
      }
    }
  }

  async #writePower(probe: Probe, selection: number | undefined, dp: WireDp, power: number): Promise<void> {
    const wire = this.#wire;
    if (!wire.isReady || wire.selection !== selection) {
      await moveLine(probe, wire, selection, false);
    }
    wire.user = undefined;
    if (dp.suspect) await dp.suspect.takeFlags(probe, dp);
    const control = (((dp.control ?? 0) & ~POWER_REQUESTS) | power) >>> 0;
    await probe.dap.writeDp(DP.CTRL_STAT, control, never);
    noteControl(dp, control);
  }

  // ---- addresses

  get #lineNow(): Line {
    this.#line ??= joinedLine(this.#wire.protocol, this.#wire.selection);
    return this.#line;
  }

  #setLine(line: Line): void {
    const { selection } = this.#lineNow;
    this.#line = line;
    if (line.selection !== selection) this.#selected = undefined;
    // A line reset takes SELECT.DPBANKSEL back to 0 (IHI 0074 B4.3.3).
    if (line.state === 'fresh') {
      const { view } = this.#here;
      view.select = selectOf(view.select);
    }
  }

  get #here(): SelectedDp {
    return (this.#selected ??= this.#select());
  }

  #select(): SelectedDp {
    const { selection } = this.#lineNow;
    let view = this.#views.get(selection);
    if (!view) {
      if (this.#views.size >= MAX_TARGETS) dropOldest(this.#views);
      this.#views.set(selection, (view = new DpView()));
    }
    return { view, dp: this.#wire.dp(selection) };
  }

  #dpAddress(register: DpAddress): DpAddress {
    // 0x8 and 0xC are the same in every bank. 0x0 is banked from DPv3 on, and DPIDR in every bank before.
    const isBanked = register === 0x0 || register === 0x4;
    return isBanked ? ((this.#here.view.select & DPBANKSEL) << 4) | register : register;
  }

  /** @returns the register in its page */
  #apRegister(address: ApAddress): number {
    const { select } = this.#here.view;
    const register = (select & 0xf0) | (address & 0xc);
    if (((selectOf(select) | register) ^ address) >>> 2 && this.#options.log.isEnabled('debug')) {
      this.#options.log.debug('AP address differs from SELECT', { address, select });
    }
    return register;
  }

  #selectedAp(): MemApUser {
    const { view } = this.#here;
    view.selected ??= this.#user(view.select1 * 0x1_0000_0000 + ((view.select & ~REGISTER_MASK) >>> 0));
    return view.selected;
  }

  #user(base: ApAddress): MemApUser {
    const { view, dp } = this.#here;
    let user = view.aps.get(base);
    if (!user) {
      if (view.aps.size >= MAX_APS) dropOldest(view.aps);
      user = new MemApUser(base, apOn(dp, base), new MemApView(), this.#watch);
      view.aps.set(base, user);
    }
    return user;
  }

  readonly #watch = {
    halted: (): void => this.#options.onHalt(),
    wasReset: (): void => {
      this.targetReset();
      this.#options.onReset();
    },
  };
}

/** What a memory handle does in one turn. */
export interface ApTurn {
  /** The registers of this AP as the client itself has left them, if it has used them. */
  readonly client: MemApView | undefined;
  read(register: number, count: number): Promise<Uint32Array>;
  write(register: number, values: Uint32Array): Promise<void>;
  clearSticky(): Promise<void>;
  /** Whether an access has failed that was acknowledged: JTAG. */
  hasFailed(): Promise<boolean>;
}

/**
 * Brings the line up for a debug port.
 *
 * @param leavesDpidr  the access that follows is the read of DPIDR that has to come first
 */
async function moveLine(probe: Probe, wire: Wire, selection: number | undefined, leavesDpidr: boolean): Promise<void> {
  // Once its SELECT is not known any more, a debug port with sticky flags does not let them be read.
  const left = wire.dp(wire.selection);
  if (wire.isReady && left.suspect) await left.suspect.takeFlags(probe, left);
  wire.lost();
  wire.selection = selection;
  await resetLine(probe, wire, selection);
  if (leavesDpidr) return;
  if (wire.protocol === 'SWD') await probe.dap.readDp(DP.DPIDR, never);
  wire.isReady = true;
  wire.dp(selection).resendOf = 'nobody';
}

/** Line reset, and TARGETSEL where there is a choice. */
async function resetLine(probe: Probe, { protocol }: Wire, selection: number | undefined): Promise<void> {
  if (protocol === 'SWD' && selection !== undefined && probe.swd) {
    const reset = { direction: 'output', sequence: lineReset.SWD } as const;
    await probe.swd.sequence([reset, ...targetSelPieces(selection)], never);
  } else await probe.swjSequence?.(lineReset[protocol], never);
}

/** CTRL/STAT of a DP in which something has failed. Where it cannot be read, it is for an error that it cannot. */
async function readFlags(probe: Probe): Promise<number> {
  try {
    return await probe.dap.readDp(DP.CTRL_STAT, never);
  } catch (error) {
    if (error instanceof NoAckError || !(error instanceof TransferError)) throw error;
    return CTRL_STAT.STICKYERR;
  }
}

/** Whether RDBUFF is still as `view` has left it. */
function noteIntrusion(dp: WireDp, { ap }: MemApUser, view: DpView): void {
  if (ap.hasIntruded || (dp.rdbuffOf && dp.rdbuffOf !== view)) dp.rdbuffOf = 'nobody';
  ap.hasIntruded = false;
}

/** Takes note of what is in CTRL/STAT: without power the APs forget. */
function noteControl(dp: WireDp, control: number): void {
  const isPowerLost = (dp.control ?? 0) & ~control & CTRL_STAT.CDBGPWRUPREQ;
  dp.control = control;
  if (isPowerLost) for (const ap of dp.aps.values()) ap.doubt();
}

function apOn(dp: WireDp, base: ApAddress): WireMemAp {
  let ap = dp.aps.get(base);
  if (!ap) dp.aps.set(base, (ap = new WireMemAp()));
  return ap;
}

function dropOldest<V extends { leave(): void }>(map: Map<unknown, V>): void {
  const [oldest] = map;
  map.delete(oldest[0]);
  oldest[1].leave();
}

/** What comes back from an absorbed sequence. */
function undriven(pieces: readonly SwdSequence[]): readonly BitString[] {
  return pieces.flatMap((piece) => (piece.direction === 'input' ? [bitString(piece.lengthBits, -1n)] : []));
}
