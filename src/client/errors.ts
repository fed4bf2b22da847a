// What a client of a probe may have to tell apart. Each class is one status of docs/protocol.md, or the lack of any.

import { DaemonError } from '../base/errors.js';
import { statusOf } from '../protocol/status.js';

/** The server answered with an error. */
export abstract class ReplyError extends DaemonError {
  constructor(
    /** The name of the request. */
    readonly request: string,
    readonly status: number,
    text: string,
  ) {
    super(`${request}: ${text}`);
  }
}

/** Status 1: the request cannot be granted. */
export class RefusedError extends ReplyError {
  readonly kind = 'request';
}

/** Status 2: the probe is not there. The connection stays: `open` works again when it is plugged in. */
export class ProbeGoneError extends ReplyError {
  readonly kind = 'disconnected';
}

/** Status 3, or one that nobody knows: the probe misbehaves, or is in the wrong state. */
export class ProbeFailureError extends ReplyError {
  readonly kind = 'probe';
}

/** Status 10: no ACK, bad parity or a protocol error on the wire. */
export class WireError extends ReplyError {
  readonly kind = 'transfer';
}

/** Status 11: WAIT until all retries were used up. Write DAPABORT to ABORT. */
export class WireTimeoutError extends ReplyError {
  readonly kind = 'transfer-timeout';
}

/** Status 12: FAULT. A sticky flag is set until it is cleared through ABORT. */
export class WireFaultError extends ReplyError {
  readonly kind = 'transfer-fault';
}

/** There is no connection any more, or the other side speaks another protocol. What was asked may have been done. */
export class ProbeConnectionLostError extends DaemonError {
  readonly kind = 'disconnected';
}

type ReplyErrorClass = new (request: string, status: number, text: string) => ReplyError;

const classOf = new Map<number, ReplyErrorClass>([
  [statusOf.request, RefusedError],
  [statusOf.disconnected, ProbeGoneError],
  [statusOf.transfer, WireError],
  [statusOf['transfer-timeout'], WireTimeoutError],
  [statusOf['transfer-fault'], WireFaultError],
]);

export function replyError(request: string, status: number, text: string): ReplyError {
  const ErrorClass = classOf.get(status) ?? ProbeFailureError;
  return new ErrorClass(request, status, text);
}
