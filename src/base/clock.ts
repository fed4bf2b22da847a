// Time, passed in. The only place in the daemon that reads a clock or starts a timer.

export interface Clock {
  /** Milliseconds since an arbitrary start, never going back; fractions are kept. */
  now(): number;
  /** The date and time of day, for people. */
  date(): Date;
  /** Calls `callback` once after `delayMs`, unless the result is disposed first. Keeps the process alive meanwhile. */
  timer(delayMs: number, callback: () => void): Disposable;
  /** Calls `callback` when the event loop has had a turn: lets I/O in between two slices of work. */
  immediate(callback: () => void): Disposable;
}

/** Waits `delayMs`; rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(abortReason(signal));
      return;
    }
    const onAbort = (): void => {
      timer[Symbol.dispose]();
      if (signal) reject(abortReason(signal));
    };
    const timer = clock.timer(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits at most `delayMs` for a signal. @returns whether it has aborted */
export function abortsWithin(signal: AbortSignal, delayMs: number, clock: Clock): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(true);
      return;
    }
    const onAbort = (): void => {
      timer[Symbol.dispose]();
      resolve(true);
    };
    const timer = clock.timer(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve(false);
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** A signal that aborts after `delayMs`, unless this is disposed before. */
export function abortAfter(delayMs: number, clock: Clock): Disposable & { readonly signal: AbortSignal } {
  const abort = new AbortController();
  const timer = clock.timer(delayMs, () => abort.abort());
  return { signal: abort.signal, [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

/** Waits for a promise, at most `delayMs`; rejects as the promise does until then. */
export async function waitAtMost(delayMs: number, promise: Promise<unknown>, clock: Clock): Promise<void> {
  const settled = new AbortController();
  const late = sleep(clock, delayMs, settled.signal).catch(() => undefined); // it was in time
  try {
    await Promise.race([promise, late]);
  } finally {
    settled.abort();
  }
}

/** The reason of an aborted signal, as an `Error`. */
export function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason });
}

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  timer(delayMs, callback) {
    const timeout = setTimeout(callback, delayMs);
    return { [Symbol.dispose]: () => clearTimeout(timeout) };
  },
  immediate(callback) {
    const immediate = setImmediate(callback);
    return { [Symbol.dispose]: () => clearImmediate(immediate) };
  },
};
