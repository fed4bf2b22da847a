// The sticky flags of CTRL/STAT, and the two ways to clear them (IHI 0031 B2.2.1 and B2.2.2).

import { ABORT, CTRL_STAT } from './registers.js';

export const STICKY = CTRL_STAT.STICKYORUN | CTRL_STAT.STICKYCMP | CTRL_STAT.STICKYERR | CTRL_STAT.WDATAERR;

/** Those that a JTAG-DP has: while one of them is set it makes no access to an AP (IHI 0031 B2.4.1, B3.4.3). */
export const JTAG_STICKY = CTRL_STAT.STICKYORUN | CTRL_STAT.STICKYCMP | CTRL_STAT.STICKYERR;

const byAbortBit = [
  [ABORT.STKCMPCLR, CTRL_STAT.STICKYCMP],
  [ABORT.STKERRCLR, CTRL_STAT.STICKYERR],
  [ABORT.WDERRCLR, CTRL_STAT.WDATAERR],
  [ABORT.ORUNERRCLR, CTRL_STAT.STICKYORUN],
] as const;

/** A value for ABORT that clears all flags. */
export const CLEAR_STICKY = ABORT.STKCMPCLR | ABORT.STKERRCLR | ABORT.WDERRCLR | ABORT.ORUNERRCLR;

/** The flags of CTRL/STAT that a write to ABORT clears. */
export function flagsClearedBy(abort: number): number {
  return byAbortBit.reduce((flags, [bit, flag]) => (abort & bit ? flags | flag : flags), 0);
}
