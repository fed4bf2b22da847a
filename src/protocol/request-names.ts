// All requests of the probe protocol by name, with the types a client needs.

import type { RequestResult } from '../jsonl/request-table.js';
import { dapRequests } from './dap.js';
import { memoryRequests } from './memory.js';
import { propertyRequests } from './properties.js';
import { sessionRequests } from './session.js';
import { swoRequests } from './swo.js';
import { targetRequests } from './target.js';

/** All requests, in the order of the reference page, docs/protocol.md. */
export const declaredRequests = [
  ...sessionRequests,
  ...propertyRequests,
  ...targetRequests,
  ...dapRequests,
  ...memoryRequests,
  ...swoRequests,
] as const;

type AnyRequest = (typeof declaredRequests)[number];
export type ProbeRequestName = AnyRequest['name'];
type RequestNamed<N extends ProbeRequestName> = Extract<AnyRequest, { readonly name: N }>;

/** What a request takes, in order. */
export type ProbeRequestArguments<N extends ProbeRequestName> = NonNullable<RequestNamed<N>['args']['type']>;
/** What a request answers. */
export type ProbeRequestResult<N extends ProbeRequestName> =
  RequestNamed<N>['result'] extends RequestResult<infer R> ? R : never;

const byName = new Map<string, AnyRequest>(declaredRequests.map((declared) => [declared.name, declared]));

/** The declaration of a request; undefined for a name that is none. */
export function requestNamed(name: string): AnyRequest | undefined {
  return byName.get(name);
}
