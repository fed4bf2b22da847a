import { isFailure, type Outcome } from './outcome.js';

/**
 * Which of a client's requests tell of which errors, where those of posted writes come late: from what each request would
 * be answered alone and without a helper. docs/acceleration.md, "What holds".
 */
interface Late {
  readonly status: number;
  /** Of the requests, one of which it is of. */
  readonly names: readonly string[];
}

export class LateErrors {
  /** Of a request that is under way, or comes back from there. */
  #coming: Late | undefined;
  #known: Late | undefined;

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
   * What a step is told whose requests were answered before they had reached the server.
   * @param alone  what it would be told
   */
  ahead(alone: Outcome, names: readonly string[]): Outcome {
    if (isFailure(alone)) this.#coming ??= { status: alone.status, names };
    return [];
  }

  /** The same of one that waits: its own outcome, unless there is an error to tell. */
  waited(alone: Outcome, seen: Outcome): Outcome {
    this.settle();
    const late = this.#known;
    this.#known = undefined;
    if (!late) return own(alone);
    const { status, names } = late;
    return { status, earlier: names.find((name) => isFailure(seen) && seen.earlier === name) ?? names[0] };
  }

  /** The same of one whose answer the helper may remember: errors that it does not know yet are told later. */
  remembered(alone: Outcome, seen: Outcome): Outcome {
    if (isFailure(seen)) return this.waited(alone, seen);
    this.settle();
    return own(alone);
  }
}

/** Of an error a server tells the status. */
function own(alone: Outcome): Outcome {
  return isFailure(alone) ? { status: alone.status } : alone;
}
