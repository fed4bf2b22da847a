/**
 * Collects what must be undone, and undoes it in reverse order. Every step runs even if an earlier one throws; the
 * first error is thrown at the end, the others hang on it as `AggregateError`. Node 20 has no `AsyncDisposableStack`.
 */
export class Disposer implements AsyncDisposable {
  readonly #steps: (() => void | Promise<void>)[] = [];

  /** Takes over a resource and gives it back, so that it can be acquired and registered in one expression. */
  use<T extends Disposable | AsyncDisposable>(resource: T): T {
    this.defer(() => (Symbol.asyncDispose in resource ? resource[Symbol.asyncDispose]() : resource[Symbol.dispose]()));
    return resource;
  }

  defer(step: () => void | PromiseLike<void>): void {
    this.#steps.push(async () => step());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, 'several errors while disposing');
  }
}
