/** Runs tasks one at a time, in order of arrival. */
export class FifoLock {
  #tail: Promise<unknown> = Promise.resolve();

  /**
   * @param signal  aborted before the turn comes: `task` is not started and the promise rejects with its reason
   */
  run<T>(signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    // Chained, never unlocked: clearing a flag and then waking a waiter lets a third caller in between.
    const turn = this.#tail.then(() => {
      signal.throwIfAborted();
      return task();
    });
    this.#tail = turn.catch(() => undefined); // the caller holds `turn` and sees its error
    return turn;
  }
}
