import { type Request, request, type RequestSignature } from '../../jsonl/request-table.js';
import type { ClientLease } from '../../sharing/client-lease.js';

/** What a request of the probe protocol works with. One object for the life of a connection. */
export interface ClientContext {
  readonly lease: ClientLease;
  /** Aborts when the client is gone or is dropped. */
  readonly signal: AbortSignal;
}

/** Adds to a request of the protocol what it does; see `RequestDeclaration.run`. */
export function answer<A, R>(
  signature: RequestSignature<A, R>,
  run: (context: ClientContext, args: A) => R | Promise<R>,
): Request<ClientContext> {
  return request({ ...signature, run });
}
