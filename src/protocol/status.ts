import type { DaemonError, ErrorKind } from '../base/errors.js';

/** What a client is told of an error. pyOCD turns 2, 3 and 10 … 12 into exceptions of their own, 1 into the general one. */
export const statusOf: Readonly<Record<ErrorKind, number>> = {
  request: 1,
  unsupported: 1,
  busy: 1,
  access: 1,
  disconnected: 2,
  probe: 3,
  transfer: 10,
  'transfer-timeout': 11,
  'transfer-fault': 12,
};

/** The status for what no `DaemonError` describes. */
export const GENERAL_ERROR = 1;

export function statusOfError(error: DaemonError): number {
  return statusOf[error.kind];
}
