// Sticky flags that one client has left in a debug port, for the change to another: how they are looked at, and cleared.

import { never } from '../base/never.js';
import { NoAckError, TransferError } from '../dap/errors.js';
import { ABORT, CTRL_STAT, DP, POWER_REQUESTS } from '../dap/registers.js';
import { CLEAR_STICKY, STICKY } from '../dap/sticky-flags.js';
import type { WireProtocol } from '../dap/wire-protocol.js';
import type { Probe } from '../probe/probe.js';
import type { WireDp } from './dp-state.js';

export interface LeftFlags {
  readonly flags: number;
  /** CTRL/STAT, if it could be read. */
  readonly control?: number;
}

/**
 * Looks at the flags, and aborts an access that has not come to its end.
 *
 * @param hasFailed  the client has not cleared all flags itself since its last error
 */
export async function readLeftFlags(
  probe: Probe,
  dp: WireDp,
  protocol: WireProtocol,
  hasFailed: boolean,
): Promise<LeftFlags> {
  // Over JTAG everything waits for the access. Over SWD CTRL/STAT does not (IHI 0031 B4.2.4), and once SELECT is not
  // known any more, as after ABORT, it cannot be read.
  if (protocol === 'JTAG') await giveUpStuck(probe, dp);
  const left = await readFlags(probe, dp, hasFailed);
  dp.resendOf = 'nobody';
  if (protocol === 'SWD') await giveUpStuck(probe, dp);
  return left;
}

/** Clears the flags that were found. May fail, and have cleared them all the same. */
export async function clearLeftFlags(
  probe: Probe,
  dp: WireDp,
  protocol: WireProtocol,
  { flags, control = 0 }: LeftFlags,
): Promise<void> {
  if (protocol === 'SWD') {
    await probe.dap.writeDp(DP.ABORT, CLEAR_STICKY, never);
    await probe.dap.flush(never);
  } else await probe.dap.writeDp(DP.CTRL_STAT, ((dp.control ?? control & POWER_REQUESTS) | flags) >>> 0, never);
}

/** Whether an error of a look at CTRL/STAT would break the line again: there is a WAIT to be given up, with ORUNDETECT. */
export function cannotBeLookedAt({ isStuck, mayDetectOverruns }: WireDp): boolean {
  return isStuck && mayDetectOverruns;
}

async function giveUpStuck(probe: Probe, dp: WireDp): Promise<void> {
  if (dp.isStuck) await probe.dap.writeDp(DP.ABORT, ABORT.DAPABORT, never);
  dp.isStuck = false;
}

async function readFlags(probe: Probe, dp: WireDp, hasFailed: boolean): Promise<LeftFlags> {
  if (cannotBeLookedAt(dp)) return { flags: hasFailed ? CTRL_STAT.STICKYORUN : 0 }; // a WAIT has overrun
  try {
    const control = await probe.dap.readDp(DP.CTRL_STAT, never);
    return { flags: control & STICKY, control };
  } catch (error) {
    if (error instanceof NoAckError || !(error instanceof TransferError)) throw error;
    return { flags: CTRL_STAT.STICKYERR }; // where it cannot be read, it is for an error that it cannot
  }
}
