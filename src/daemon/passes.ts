import type { Clock } from '../base/clock.js';

export interface PassesOptions {
  readonly clock: Clock;
  /** Looks at everything and puts it right. */
  readonly pass: () => Promise<void>;
  /** A pass that nobody waits for has failed. */
  readonly onFailed: (error: unknown) => void;
}

/** How long after something has failed it is tried again: at first, and at most. */
const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 60_000;

/**
 * Makes passes: one at a time, whenever somebody asks, and again by itself where that was asked for, less and less
 * often. Once it is disposed no pass begins.
 */
export class Passes implements AsyncDisposable {
  #running: Promise<void> | undefined;
  #isWanted = false;
  #isStopping = false;
  #retry: Disposable | undefined;
  #retryMs = FIRST_RETRY_MS;

  constructor(private readonly options: PassesOptions) {}

  /** Makes a pass that begins after this call, and resolves after that. @throws whatever the pass throws */
  make(): Promise<void> {
    this.#isWanted = true;
    return (this.#running ??= this.#makeAll());
  }

  /** The same, for whoever does not wait. */
  makeSoon(): void {
    this.make().catch((error: unknown) => {
      this.options.onFailed(error);
      if (!this.#isStopping) this.retryLater();
    });
  }

  /** Makes another pass in a while, later each time until `succeeded`. */
  retryLater(): void {
    this.#retry ??= this.options.clock.timer(this.#retryMs, () => {
      this.#retry = undefined;
      this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
      this.makeSoon();
    });
  }

  /** Nothing is left that must be tried again. */
  succeeded(): void {
    this.#retryMs = FIRST_RETRY_MS;
  }

  /** Resolves when the pass that runs has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#running?.catch(() => undefined); // whoever asked for the pass hears of its failure
    this.#retry?.[Symbol.dispose](); // last: the pass may have set it
  }

  async #makeAll(): Promise<void> {
    try {
      while (this.#isWanted && !this.#isStopping) {
        this.#isWanted = false;
        await this.options.pass();
      }
    } finally {
      // In the same step as the last look at #isWanted: a call in between would be lost.
      this.#running = undefined;
    }
  }
}
