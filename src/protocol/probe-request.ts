import type { RequestSignature } from '../jsonl/request-table.js';

/** What both sides know of a request: how it is called, what it takes, what it answers. */
export interface ProbeRequest<N extends string, A, R> extends RequestSignature<A, R> {
  readonly name: N;
}

/** Declares a request: server, client and the reference page take it from here. The server adds what it does. */
export function probeRequest<const N extends string, A, R>(declaration: ProbeRequest<N, A, R>): ProbeRequest<N, A, R> {
  return declaration;
}
