import { DaemonError, describeError, type ErrorKind } from '../base/errors.js';
import type { ErrorCode, WireError } from './messages.js';
import { AmbiguousProbeError, NoSuchProbeError } from './resolve-probe.js';

const codeOf: Record<ErrorKind, ErrorCode> = {
  request: 'refused',
  unsupported: 'refused',
  busy: 'refused',
  access: 'failed',
  disconnected: 'failed',
  probe: 'failed',
  transfer: 'failed',
  'transfer-timeout': 'failed',
  'transfer-fault': 'failed',
};

/** What an operator is told of an error. What was not thrown on purpose is "internal": it belongs into the log. */
export function toWireError(error: unknown): WireError {
  const message = describeError(error);
  if (error instanceof NoSuchProbeError) return { code: 'no-such-probe', message, nearest: error.nearest };
  if (error instanceof AmbiguousProbeError) return { code: 'ambiguous', message, nearest: error.nearest };
  return { code: error instanceof DaemonError ? codeOf[error.kind] : 'internal', message };
}
