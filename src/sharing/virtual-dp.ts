// A client's own debug port: its registers, as the client sees them. What it has left in them, and what is on the wire,
// is in its `LeaseContext`. Called with the probe's turn held.

import { TransferFaultError } from '../dap/errors.js';
import { ABORT, CTRL_STAT, DP, type DpAddress, POWER_ACKS, POWER_REQUESTS } from '../dap/registers.js';
import { CLEAR_STICKY, flagsClearedBy, JTAG_STICKY, STICKY } from '../dap/sticky-flags.js';
import type { Probe } from '../probe/probe.js';
import { type DpView, type WireDp, WRITTEN_CONTROL } from './dp-state.js';
import type { LeaseContext } from './lease-context.js';
import { afterTargetSel } from './line.js';

const DPBANKSEL = 0x0f;
/** CTRL/STAT as clients have it: both power-up requests, all byte lanes. */
const CONTROL_AT_WORK = POWER_REQUESTS | 0xf00;

/** Registers are A[3:2], as on the wire: the client's own SELECT says the bank. SELECT and SELECT1 never reach the probe. */
export class VirtualDp {
  readonly #context: LeaseContext;

  constructor(context: LeaseContext) {
    this.#context = context;
  }

  async read(probe: Probe, register: DpAddress, signal: AbortSignal): Promise<number> {
    const full = this.#address(register);
    if (this.#context.isForeign) await this.#context.enter(probe, full === DP.DPIDR);
    const { view, dp } = this.#context.here;
    if (view.sticky !== 0 && this.#context.protocol === 'SWD' && full !== DP.DPIDR && full !== DP.CTRL_STAT) {
      throw this.stickyFault('DP', full);
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

  async write(probe: Probe, register: DpAddress, value: number, signal: AbortSignal): Promise<void> {
    const full = register === DP.ABORT ? DP.ABORT : this.#address(register);
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
    if (view.sticky !== 0 && this.#context.protocol === 'SWD' && full !== DP.ABORT) throw this.stickyFault('DP', full);
    try {
      if (full === DP.CTRL_STAT) await this.#writeControl(probe, value, signal);
      else await probe.dap.writeDp(full, value, signal);
      if (this.#context.isWatched) await probe.dap.flush(signal);
      if (full === DP.ABORT) this.#noteAbort(dp, view, value);
      // By DAP_WriteABORT, as which these go, nobody answers, and nothing is read behind it (CMSIS-DAP 2.1.2).
      const isSilent = full === DP.ABORT && (this.#context.protocol === 'JTAG' || (value & ABORT.DAPABORT) !== 0);
      if (!isSilent) this.noteWritten(dp, view);
    } catch (error) {
      this.#context.failed(error);
      throw error;
    }
  }

  async clearSticky(probe: Probe, signal: AbortSignal): Promise<void> {
    const { view, dp } = this.#context.here;
    if (this.#context.protocol === 'SWD') return this.write(probe, DP.ABORT, CLEAR_STICKY, signal);
    view.sticky = 0;
    await probe.dap.writeDp(DP.CTRL_STAT, ((dp.control ?? CONTROL_AT_WORK) | STICKY) >>> 0, signal);
    this.#noteCleared(dp, view);
  }

  /** Whether anybody has heard an ABORT with DAPABORT, no probe tells (CMSIS-DAP 2.1.2, DAP_WriteABORT). */
  #noteAbort(dp: WireDp, view: DpView, value: number): void {
    if (value & ABORT.DAPABORT && !this.#context.isAnswered) return;
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
    await dp.writeControl(probe, ((value & ~POWER_REQUESTS) | power) >>> 0, signal);
    if (this.#context.protocol === 'JTAG') {
      view.sticky &= ~value;
      if ((value & JTAG_STICKY) === JTAG_STICKY) this.#noteCleared(dp, view);
    }
    view.control = (value & ~STICKY) >>> 0;
  }

  /** Behind a write the probe reads RDBUFF, to see whether it worked. */
  noteWritten(dp: WireDp, view: DpView): void {
    this.#context.line.answered();
    view.resend = view.rdbuff;
    dp.resendOf = dp.rdbuffOf;
  }

  /** What an access gets while this client has flags to clear. */
  stickyFault(port: 'DP' | 'AP', address: number): TransferFaultError {
    const { view } = this.#context.here;
    if ((view.control ?? 0) & CTRL_STAT.ORUNDETECT) view.sticky |= CTRL_STAT.STICKYORUN;
    return new TransferFaultError({ port, address });
  }

  #address(register: DpAddress): DpAddress {
    // 0x8 and 0xC are the same in every bank. 0x0 is banked from DPv3 on, and DPIDR in every bank before.
    const isBanked = register === 0x0 || register === 0x4;
    return isBanked ? ((this.#context.here.view.select & DPBANKSEL) << 4) | register : register;
  }
}
