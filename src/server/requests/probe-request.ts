import { type RequestDeclaration, request, type Request } from '../../jsonl/request-table.js';
import type { ClientLease } from '../../sharing/client-lease.js';

/** What a request of the probe protocol works with. One object for the life of a connection. */
export interface ClientContext {
  readonly lease: ClientLease;
  /** Aborts when the client is gone or is dropped. */
  readonly signal: AbortSignal;
}

export function probeRequest<A, R>(declaration: RequestDeclaration<ClientContext, A, R>): Request<ClientContext> {
  return request(declaration);
}
