import assert from 'node:assert/strict';
import type { FakeClock } from './fake-clock.js';

/** More than any operation of the daemon takes. */
const MAX_MS = 60_000;
const STEP_MS = 10;

/** Moves time on until `promise` settles. @returns what it settles with */
export async function runClock<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  const progress = { settled: false };
  const note = (): boolean => (progress.settled = true);
  promise.then(note, note);
  const end = clock.now() + MAX_MS;
  while (!progress.settled) {
    assert.ok(clock.now() < end, `nothing has come of it in ${MAX_MS} ms`);
    await clock.advance(STEP_MS);
  }
  return promise;
}
