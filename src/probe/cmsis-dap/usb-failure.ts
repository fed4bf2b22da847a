// Turns what USB fails with into what callers of a probe can act on.

import { abortsWithin, type Clock } from '../../base/clock.js';
import { assertNever } from '../../base/errors.js';
import { UsbError } from '../../usb/usb-error.js';
import { ProbeAccessError, ProbeBusyError, ProbeDisconnectedError, ProbeError } from '../errors.js';

/** How long the news of a detach may take to arrive after the transfers it has broken. */
const DETACH_DELAY_MS = 500;

/**
 * @param error  thrown by the bus or a connection
 * @param doing  what was tried, to begin the message with
 * @param gone   of the connection; none while it is being opened
 * @returns      the error to throw, with `error` as its cause; an error that is not USB's as it is
 */
export async function probeErrorOf(error: unknown, doing: string, clock: Clock, gone?: AbortSignal): Promise<unknown> {
  if (!(error instanceof UsbError)) return error;
  const options = { cause: error };
  if (gone?.aborted) return new ProbeDisconnectedError(`${doing}: the probe is gone`, options);
  switch (error.kind) {
    case 'gone':
      return new ProbeDisconnectedError(`${doing}: the probe is gone`, options);
    case 'busy':
      return new ProbeBusyError(`${doing}: another program uses the probe`, options);
    case 'access':
      return new ProbeAccessError(`${doing}: no permission, run "probectl doctor"`, options);
    case 'io':
    case 'stall':
      // Both also come just before a detach: the cable is out, and the system has not noticed yet.
      if (gone && (await abortsWithin(gone, DETACH_DELAY_MS, clock))) {
        return new ProbeDisconnectedError(`${doing}: the probe is gone`, options);
      }
      return new ProbeError(`${doing} failed`, options);
    case 'timeout':
      return new ProbeError(`${doing}: the probe does not answer`, options);
    case 'overflow':
      return new ProbeError(`${doing}: the probe sends more than its packet size`, options);
    default:
      return assertNever(error.kind);
  }
}
