import { type Failure, isFailure, type Outcome } from './outcome.js';

/**
 * Which of a client's requests tell of which errors, where those of posted writes come late: from what each request would
 * be answered alone and without a helper. docs/acceleration.md, "What holds".
 */
export class LateErrors {
  /** Of a request that is under way, or comes back from there. */
  #coming: Failure | undefined;
  #known: Failure | undefined;

  /** Whether the helper has an error to tell. */
  get isKnown(): boolean {
    return this.#known !== undefined;
  }

  /** What was under way has come back. */
  settle(): void {
    this.#known ??= this.#coming;
    this.#coming = undefined;
  }

  /** Another client is behind the helper now. */
  forget(): void {
    this.#known = this.#coming = undefined;
  }

  /**
   * What a request is told that was answered before it had reached the server.
   * @param alone  what it would be told
   */
  ahead(alone: Outcome, name: string): Outcome {
    if (isFailure(alone)) this.#coming ??= { status: alone.status, earlier: name };
    return [];
  }

  /** The same of one that waits: its own outcome, unless there is an error to tell. */
  waited(alone: Outcome): Outcome {
    this.settle();
    const late = this.#known;
    this.#known = undefined;
    return late ?? own(alone);
  }

  /** The same of one whose answer the helper may remember: errors that it does not know yet are told later. */
  remembered(alone: Outcome, tellsLate: boolean): Outcome {
    if (tellsLate) return this.waited(alone);
    this.settle();
    return own(alone);
  }
}

/** Of an error a server tells the status. */
function own(alone: Outcome): Outcome {
  return isFailure(alone) ? { status: alone.status } : alone;
}
