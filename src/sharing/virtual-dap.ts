// A client's own DAP: registers, as the client sees them. What it has left in them, and what is on the wire, is in its
// `LeaseContext`; as long as nobody else has used the probe, accesses go straight to it.

import type { Logger } from '../base/logger.js';
import { addressOf } from '../dap/ap-addressing.js';
import { TransferFaultError } from '../dap/errors.js';
import {
  ABORT,
  type ApAddress,
  CTRL_STAT,
  DP,
  type DpAddress,
  POWER_ACKS,
  POWER_REQUESTS,
  selectOf,
} from '../dap/registers.js';
import { CLEAR_STICKY, flagsClearedBy, JTAG_STICKY, STICKY } from '../dap/sticky-flags.js';
import type { DapPort, Probe } from '../probe/probe.js';
import { type DpView, type WireDp, WRITTEN_CONTROL } from './dp-state.js';
import type { LeaseContext } from './lease-context.js';
import { afterTargetSel } from './line.js';
import type { MemApUser } from './mem-ap-user.js';
import type { MemApView } from './mem-ap-state.js';

/** Runs an operation on the opened probe when its client's turn has come. */
export type UseProbe = <T>(signal: AbortSignal, operation: (probe: Probe) => Promise<T>) => Promise<T>;

const DPBANKSEL = 0x0f;
/** CTRL/STAT as clients have it: both power-up requests, all byte lanes. */
const CONTROL_AT_WORK = POWER_REQUESTS | 0xf00;

/**
 * The DAP as one client sees it. Addresses are those of the wire: of a DP address A[3:2] counts, of an AP address too,
 * and the client's own SELECT says which bank and which AP that is. SELECT and SELECT1 never reach the probe as such.
 */
export class VirtualDap implements DapPort {
  readonly #context: LeaseContext;
  readonly #use: UseProbe;
  readonly #log: Logger;

  constructor(context: LeaseContext, use: UseProbe, log: Logger) {
    this.#context = context;
    this.#use = use;
    this.#log = log;
  }

  readDp(address: DpAddress, signal: AbortSignal): Promise<number> {
    return this.#use(signal, (probe) => this.#readDp(probe, address & 0xc, signal));
  }

  writeDp(address: DpAddress, value: number, signal: AbortSignal): Promise<void> {
    return this.#use(signal, (probe) => this.#writeDp(probe, address & 0xc, value, signal));
  }

  readAp(address: ApAddress, count: number, signal: AbortSignal): Promise<Uint32Array> {
    return this.#use(signal, (probe) => {
      const register = this.#apRegister(address);
      const { selected } = this.#context.here.view;
      if (selected) return this.#read(probe, selected, register, count, signal);
      return this.#selectAp(probe).then((user) => this.#read(probe, user, register, count, signal));
    });
  }

  writeAp(address: ApAddress, values: Uint32Array, signal: AbortSignal): Promise<void> {
    return this.#use(signal, (probe) => {
      const register = this.#apRegister(address);
      const { selected } = this.#context.here.view;
      if (selected) return this.#write(probe, selected, register, values, signal);
      return this.#selectAp(probe).then((user) => this.#write(probe, user, register, values, signal));
    });
  }

  flush(signal: AbortSignal): Promise<void> {
    return this.#use(signal, (probe) => this.#flush(probe, signal));
  }

  // ---- accesses, with the turn held

  async #readDp(probe: Probe, register: DpAddress, signal: AbortSignal): Promise<number> {
    const full = this.#dpAddress(register);
    if (this.#context.isForeign) await this.#context.enter(probe, full === DP.DPIDR);
    const { view, dp } = this.#context.here;
    if (view.sticky !== 0 && this.#context.protocol === 'SWD' && full !== DP.DPIDR && full !== DP.CTRL_STAT) {
      throw this.#stickyFault('DP', full);
    }
    try {
      const value = await probe.dap.readDp(full, signal);
      this.#context.line.answered();
      if (register === DP.DPIDR) this.#context.noteId(full, value);
      return this.#seen(dp, view, full, value);
    } catch (error) {
      this.#context.failed(error);
      throw error;
    }
  }

  /** What this client would have read, had it been alone. */
  #seen(dp: WireDp, view: DpView, full: DpAddress, value: number): number {
    let seen = value;
    if (full === DP.CTRL_STAT) seen = this.#controlSeen(dp, view, value);
    else if (this.#context.protocol === 'SWD') {
      if (full === DP.RDBUFF && dp.rdbuffOf && dp.rdbuffOf !== view) seen = view.rdbuff;
      if (full === DP.RESEND && dp.resendOf && dp.resendOf !== view) seen = view.resend;
    }
    view.resend = seen;
    dp.resendOf = seen === value ? view : 'nobody';
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
      const { view } = this.#context.here;
      if (full === DP.SELECT) view.select = value;
      else view.select1 = value;
      view.selected = undefined;
      return;
    }
    if (full === DP.TARGETSEL && this.#context.protocol === 'SWD') {
      const { line } = this.#context;
      await line.send(probe, afterTargetSel(line.now, value), ({ dap }, stop = signal) =>
        dap.writeDp(full, value, stop),
      );
      return;
    }
    if (this.#context.isForeign) await this.#context.enter(probe, false);
    const { view, dp } = this.#context.here;
    if (view.sticky !== 0 && this.#context.protocol === 'SWD' && full !== DP.ABORT) throw this.#stickyFault('DP', full);
    try {
      if (full === DP.CTRL_STAT) await this.#writeControl(probe, value, signal);
      else await probe.dap.writeDp(full, value, signal);
      if (this.#context.isWatched) await probe.dap.flush(signal);
      if (full === DP.ABORT) this.#noteAbort(dp, view, value);
      this.#noteWritten(dp, view);
    } catch (error) {
      this.#context.failed(error);
      throw error;
    }
  }

  #noteAbort(dp: WireDp, view: DpView, value: number): void {
    view.sticky &= ~flagsClearedBy(value);
    if (value & ABORT.DAPABORT) {
      view.isStuck = false;
      if (dp.suspect === this.#context) dp.isStuck = false;
    }
    const isAll = (value & CLEAR_STICKY) === CLEAR_STICKY && this.#context.protocol === 'SWD';
    if (isAll) this.#noteCleared(dp, view);
  }

  /** This client has cleared all flags; as long as an access of its has not come to its end, that is of no use. */
  #noteCleared(dp: WireDp, view: DpView): void {
    if (!view.isStuck) view.hasFailed = false;
    if (dp.suspect === this.#context && !dp.isStuck) dp.suspect = undefined;
  }

  /** Power is requested for all who want it; the rest of the register is this client's. */
  async #writeControl(probe: Probe, value: number, signal: AbortSignal): Promise<void> {
    const { view, dp } = this.#context.here;
    const power = (value & POWER_REQUESTS) | this.#context.power.ofOthers(view);
    dp.isControlDoubted = true;
    await probe.dap.writeDp(DP.CTRL_STAT, ((value & ~POWER_REQUESTS) | power) >>> 0, signal);
    if (this.#context.protocol === 'JTAG') {
      view.sticky &= ~value;
      if ((value & JTAG_STICKY) === JTAG_STICKY) this.#noteCleared(dp, view);
    }
    const control = value & ~STICKY;
    view.control = control >>> 0;
    dp.noteControl(((control & ~POWER_REQUESTS) | power) >>> 0);
  }

  async #read(
    probe: Probe,
    user: MemApUser,
    register: number,
    count: number,
    signal: AbortSignal,
  ): Promise<Uint32Array> {
    if (this.#context.isForeign) await this.#context.enter(probe, false);
    const { view, dp } = this.#context.here;
    if (view.sticky !== 0) throw this.#stickyFault('AP', user.base + register);
    try {
      const words = await user.read(probe.dap, register, count, signal);
      this.#context.line.answered();
      user.ap.hasIntruded = false;
      view.rdbuff = view.resend = words[count - 1];
      dp.rdbuffOf = dp.resendOf = view;
      return words;
    } catch (error) {
      noteIntrusion(dp, user, view);
      this.#context.failed(error);
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
    if (this.#context.isForeign) await this.#context.enter(probe, false);
    const { view, dp } = this.#context.here;
    if (view.sticky !== 0) throw this.#stickyFault('AP', user.base + register);
    try {
      await user.write(probe.dap, register, values, signal);
      if (this.#context.isWatched) await probe.dap.flush(signal);
      noteIntrusion(dp, user, view);
      this.#noteWritten(dp, view);
    } catch (error) {
      noteIntrusion(dp, user, view);
      this.#context.failed(error);
      throw error;
    }
  }

  /** Behind a write the probe reads RDBUFF, to see whether it worked. */
  #noteWritten(dp: WireDp, view: DpView): void {
    this.#context.line.answered();
    view.resend = view.rdbuff;
    dp.resendOf = dp.rdbuffOf;
  }

  #stickyFault(port: 'DP' | 'AP', address: number): TransferFaultError {
    const { view } = this.#context.here;
    if ((view.control ?? 0) & CTRL_STAT.ORUNDETECT) view.sticky |= CTRL_STAT.STICKYORUN;
    return new TransferFaultError({ port, address });
  }

  // ---- memory handles

  /** Accesses to a page of AP registers in one turn, on behalf of `guest`, or of the client itself. */
  useAp<T>(
    address: ApAddress,
    guest: MemApView | undefined,
    signal: AbortSignal,
    body: (ap: ApTurn) => Promise<T>,
  ): Promise<T> {
    return this.#use(signal, async (probe) => {
      await this.#context.identify(probe);
      const { view } = this.#context.here;
      const user = guest ? this.#context.guest(address, guest) : this.#context.user(address);
      return body({
        client: view.aps.get(user.base)?.view,
        read: (register, count) => this.#read(probe, user, register, count, signal),
        write: (register, values) => this.#write(probe, user, register, values, signal),
        clearSticky: () => this.#clearSticky(probe, signal),
        flush: () => this.#flush(probe, signal),
      });
    });
  }

  /** Waits for what was posted, so that an error is told by the access that has caused it. */
  async #flush(probe: Probe, signal: AbortSignal): Promise<void> {
    try {
      await probe.dap.flush(signal);
    } catch (error) {
      this.#context.failed(error);
      throw error;
    }
  }

  async #clearSticky(probe: Probe, signal: AbortSignal): Promise<void> {
    const { view, dp } = this.#context.here;
    if (this.#context.protocol === 'SWD') return this.#writeDp(probe, DP.ABORT, CLEAR_STICKY, signal);
    view.sticky = 0;
    await probe.dap.writeDp(DP.CTRL_STAT, ((dp.control ?? CONTROL_AT_WORK) | STICKY) >>> 0, signal);
    this.#noteCleared(dp, view);
  }

  // ---- addresses

  #dpAddress(register: DpAddress): DpAddress {
    // 0x8 and 0xC are the same in every bank. 0x0 is banked from DPv3 on, and DPIDR in every bank before.
    const isBanked = register === 0x0 || register === 0x4;
    return isBanked ? ((this.#context.here.view.select & DPBANKSEL) << 4) | register : register;
  }

  /** @returns the register in its page */
  #apRegister(address: ApAddress): number {
    const { select } = this.#context.here.view;
    const register = (select & 0xf0) | (address & 0xc);
    if (((selectOf(select) | register) ^ address) >>> 2 && this.#log.isEnabled('debug')) {
      this.#log.debug('AP address differs from SELECT', { address, select });
    }
    return register;
  }

  /** Looks up the AP that SELECT points to. */
  async #selectAp(probe: Probe): Promise<MemApUser> {
    await this.#context.identify(probe);
    const { view, dp } = this.#context.here;
    const user = this.#context.user(addressOf(view.select, view.select1));
    if (dp.addressing.unread() === undefined) view.selected = user;
    return user;
  }
}

/** What a memory handle does in one turn. */
export interface ApTurn {
  /** The registers of this AP as the client itself has left them, if it has used them. */
  readonly client: MemApView | undefined;
  read(register: number, count: number): Promise<Uint32Array>;
  write(register: number, values: Uint32Array): Promise<void>;
  clearSticky(): Promise<void>;
  /** Waits until every write has been executed. */
  flush(): Promise<void>;
}

/** Whether RDBUFF is still as `view` has left it. */
function noteIntrusion(dp: WireDp, { ap }: MemApUser, view: DpView): void {
  if (ap.hasIntruded || (dp.rdbuffOf && dp.rdbuffOf !== view)) dp.rdbuffOf = 'nobody';
  ap.hasIntruded = false;
}
