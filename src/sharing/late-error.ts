import { ProbeError } from '../probe/errors.js';

/** The error of a write that was acknowledged before it was executed, until its client's next request that may fail. */
export class LateError {
  #error: Error | undefined;

  /** The first one counts: what came behind it was dropped. */
  note(error: unknown): void {
    this.#error ??= error instanceof Error ? error : new ProbeError('a posted write failed', { cause: error });
  }

  /** Nobody is left to be told, or something else is told in its place. */
  forget(): void {
    this.#error = undefined;
  }

  /** Throws it, once. */
  tell(): void {
    const error = this.#error;
    this.#error = undefined;
    if (error) throw error;
  }
}
