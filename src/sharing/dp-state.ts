// A debug port as one client has left it, and as it is on the wire.

import { CTRL_STAT, type ApAddress } from '../dap/registers.js';
import type { MemApUser } from './mem-ap-user.js';
import type { MemApView, WireMemAp } from './mem-ap-state.js';
import type { VirtualDap } from './virtual-dap.js';

export const POWER_REQUESTS = (CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ) >>> 0;
/** An acknowledgement is the bit above its request. */
export const POWER_ACKS = (CTRL_STAT.CDBGPWRUPACK | CTRL_STAT.CSYSPWRUPACK) >>> 0;

/** The registers of a debug port as one client has left them. */
export class DpView {
  select = 0;
  select1 = 0;
  /** CTRL/STAT as written, without flags; undefined: never. */
  control: number | undefined;
  /** Sticky flags that are this client's, and were cleared on the wire for the others. */
  sticky = 0;
  /** What RDBUFF and RESEND would give. */
  rdbuff = 0;
  resend = 0;
  /** By the address of the register page: see `MemApUser.base`. */
  readonly aps = new Map<ApAddress, MemApUser>();
  /** Memory handles. */
  readonly guests = new Map<MemApView, MemApUser>();
  /** The one that SELECT points to, once it was looked up. */
  selected: MemApUser | undefined;

  /** The power-up requests of this client. */
  get power(): number {
    return ((this.control ?? 0) & POWER_REQUESTS) >>> 0;
  }

  /** After a fault in JTAG: nothing told which accesses were let through (IHI 0031 B3.4.3, OK/FAULT). */
  doubt(): void {
    for (const user of this.aps.values()) user.doubt();
    for (const user of this.guests.values()) user.doubt();
  }

  /** Nobody counts on it any more. */
  leave(): void {
    for (const user of this.aps.values()) user.leave();
    for (const user of this.guests.values()) user.leave();
  }
}

/** A debug port on the wire. */
export class WireDp {
  /** CTRL/STAT as written last, without flags; undefined: nobody did. */
  control: number | undefined;
  /** Sticky flags may be set, and are those of this client. */
  suspect: VirtualDap | undefined;
  /** An access of the suspect has not come to its end. */
  isStuck = false;
  /** Whose value is in RDBUFF, and whose RESEND would give; 'nobody': what sharing has read for itself. */
  rdbuffOf: DpView | 'nobody' | undefined;
  resendOf: DpView | 'nobody' | undefined;
  readonly aps = new Map<ApAddress, WireMemAp>();
}
