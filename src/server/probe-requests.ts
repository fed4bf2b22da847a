import { type Request, type RequestTable, requestTable } from '../jsonl/request-table.js';
import { dapRequests } from './requests/dap.js';
import { memoryRequests } from './requests/memory.js';
import type { ClientContext } from './requests/probe-request.js';
import { propertyRequests } from './requests/properties.js';
import { sessionRequests } from './requests/session.js';
import { swoRequests } from './requests/swo.js';
import { targetRequests } from './requests/target.js';

/** All requests of the remote probe protocol, in the order of the reference page, docs/protocol.md. */
export const probeRequests: readonly Request<ClientContext>[] = [
  ...sessionRequests,
  ...propertyRequests,
  ...targetRequests,
  ...dapRequests,
  ...memoryRequests,
  ...swoRequests,
];

export type ProbeRequestTable = RequestTable<ClientContext>;

/** Compiles the validators of all requests: tens of milliseconds, so once for all servers. */
export function compileProbeRequests(): ProbeRequestTable {
  return requestTable(probeRequests);
}
