// A debug port as one client has left it, and as it is on the wire.

import { takeFirst } from '../base/take-first.js';
import { ApAddressing } from '../dap/ap-addressing.js';
import { NoAckError } from '../dap/errors.js';
import { type ApAddress, CTRL_STAT, DP, POWER_REQUESTS } from '../dap/registers.js';
import { STICKY } from '../dap/sticky-flags.js';
import type { Probe } from '../probe/probe.js';
import type { MemApUser } from './mem-ap-user.js';
import { WireMemAp } from './mem-ap-state.js';
import type { MemoryPort } from './memory-port.js';
import type { LeaseContext } from './lease-context.js';

/** Bits of CTRL/STAT that change what accesses do: ORUNDETECT, and TRNMODE in bits 3:2. */
export const WORKING_CONTROL = CTRL_STAT.ORUNDETECT | 0x0c;
/** Bits that read as written: those, MASKLANE and TRNCNT. */
export const WRITTEN_CONTROL = WORKING_CONTROL | 0xf00 | 0x1ff000;

/** Of one client at one debug port; ADIv5 has 256. */
const MAX_APS = 512;
/** Of a debug port, on which no client counts any more. */
const MAX_LEFT_APS = 64;

/** The registers of a debug port as one client has left them. */
export class DpView {
  select = 0;
  select1 = 0;
  /** CTRL/STAT as written, without flags; undefined: never. */
  control: number | undefined;
  /** Sticky flags that are this client's, and were cleared on the wire for the others. */
  sticky = 0;
  /** An access of this client's has failed, and it has not cleared all flags since. */
  hasFailed = false;
  /** An access of this client's has not come to its end, and it has not given it up: clearing flags is of no use. */
  isStuck = false;
  /** What RDBUFF and RESEND would give. */
  rdbuff = 0;
  resend = 0;
  /** By their page: see `ApAddressing`. */
  readonly aps = new Map<ApAddress, MemApUser>();
  /** Memory handles. */
  readonly guests = new Map<MemoryPort, MemApUser>();
  /** The one that SELECT points to, once it was looked up. */
  selected: MemApUser | undefined;

  /** The power-up requests of this client. */
  get power(): number {
    return ((this.control ?? 0) & POWER_REQUESTS) >>> 0;
  }

  /** After an error: see `MemApUser.doubt`. */
  doubt(confirmed: number, refusedAt: number | undefined): void {
    for (const user of this.aps.values()) user.doubt(confirmed, refusedAt);
    for (const user of this.guests.values()) user.doubt(confirmed, refusedAt);
  }

  /** Everything is as after power-up. */
  lostPower(): void {
    this.control = undefined;
    this.sticky = 0;
    for (const { view } of [...this.aps.values(), ...this.guests.values()]) view.forget();
  }

  /**
   * Makes room for one more AP: one in which this client has written nothing is found again as it is now.
   *
   * @returns false: there is none
   */
  makeRoom(): boolean {
    if (this.aps.size < MAX_APS) return true;
    const unwritten = takeFirst(this.aps, ({ view }) => !view.isWritten);
    if (!unwritten) return false;
    this.selected = undefined;
    unwritten.leave();
    return true;
  }

  /** Nobody counts on it any more. */
  leave(): void {
    for (const user of [...this.aps.values(), ...this.guests.values()]) user.leave();
    this.aps.clear();
    this.guests.clear();
    this.selected = undefined;
  }
}

/** A debug port on the wire. */
export class WireDp {
  /** CTRL/STAT as written last, without flags; undefined: nobody did. */
  control: number | undefined;
  /** A write of CTRL/STAT has failed, and may have been executed all the same. */
  isControlDoubted = false;
  /** It was to set ORUNDETECT, and nobody answered: that may be for a WAIT behind it, with ORUNDETECT. */
  isOverrunDoubted = false;
  /** Sticky flags may be set, and are those of this client. */
  suspect: LeaseContext | undefined;
  /** An access of the suspect has not come to its end. */
  isStuck = false;
  /** Whose value is in RDBUFF, and whose RESEND would give; 'nobody': what sharing has read for itself. */
  rdbuffOf: DpView | 'nobody' | undefined;
  resendOf: DpView | 'nobody' | undefined;
  readonly addressing = new ApAddressing();
  readonly aps = new Map<ApAddress, WireMemAp>();
  /** An AP was forgotten that somebody has written to: one that comes anew may be it. */
  #hasForgotten = false;

  ap(base: ApAddress): WireMemAp {
    let ap = this.aps.get(base);
    if (ap) return ap;
    if (this.aps.size >= MAX_LEFT_APS) this.#forgetLeft();
    ap = new WireMemAp();
    if (this.#hasForgotten) ap.forgotten();
    this.aps.set(base, ap);
    return ap;
  }

  /** Of too many APs that no client counts on, forgets one: one that nobody has written to, or the first. */
  #forgetLeft(): void {
    const left = [...this.aps].filter(([, { views }]) => views.size === 0);
    if (left.length < MAX_LEFT_APS) return;
    const forgotten = left.find(([, { isWritten }]) => !isWritten) ?? left[0];
    const [base, { isWritten }] = forgotten;
    this.aps.delete(base);
    this.#hasForgotten ||= isWritten;
  }

  /** Nobody has got an answer here since the probe was opened. */
  get isUnanswered(): boolean {
    return this.addressing.unread() === DP.DPIDR && this.control === undefined;
  }

  /** A debug port was forgotten that somebody has worked with, and this may be it: power-up requests apart, nobody knows. */
  forgotten({ suspect }: WireDp): void {
    this.control = 0;
    this.isControlDoubted = true;
    this.suspect = suspect;
    this.rdbuffOf = this.resendOf = 'nobody';
    this.#hasForgotten = true;
  }

  /** Everything is as after power-up. */
  lostPower(): void {
    this.control = 0;
    this.isControlDoubted = this.isOverrunDoubted = false;
    this.suspect = this.rdbuffOf = this.resendOf = undefined;
    this.isStuck = false;
    for (const ap of this.aps.values()) ap.lostPower();
  }

  /** With ORUNDETECT the target makes a data phase behind WAIT and FAULT. */
  get mayDetectOverruns(): boolean {
    return this.isOverrunDoubted || ((this.control ?? 0) & CTRL_STAT.ORUNDETECT) !== 0;
  }

  /** Writes CTRL/STAT. @param value  flags in it are cleared, over JTAG */
  async writeControl({ dap }: Probe, value: number, signal: AbortSignal): Promise<void> {
    this.isControlDoubted = true;
    try {
      await dap.writeDp(DP.CTRL_STAT, value, signal);
    } catch (error) {
      this.isOverrunDoubted ||= error instanceof NoAckError && (value & CTRL_STAT.ORUNDETECT) !== 0;
      throw error;
    }
    this.#noteControl((value & ~STICKY) >>> 0);
  }

  /** Takes note of what is in CTRL/STAT: without power the APs may forget. */
  #noteControl(control: number): void {
    const isPowerLost = (this.control ?? 0) & ~control & CTRL_STAT.CDBGPWRUPREQ;
    this.control = control;
    this.isControlDoubted = this.isOverrunDoubted = false;
    if (isPowerLost) for (const ap of this.aps.values()) ap.doubt();
  }
}
