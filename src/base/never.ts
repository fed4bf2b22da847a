/** A signal that never aborts: for what must be done although nobody waits for it any more. */
export const never: AbortSignal = new AbortController().signal;
