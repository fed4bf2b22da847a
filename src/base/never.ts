import { setMaxListeners } from 'node:events';

/** A signal that never aborts: for what must be done although nobody waits for it any more. */
export const never: AbortSignal = new AbortController().signal;
// All leases of a probe may wait with it at once.
setMaxListeners(0, never);
