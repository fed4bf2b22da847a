/** Keeps what is put in for some time, and gives it out in order: the length of a cable. Any amount at once. */
export class DelayLine<T> {
  readonly #under: { readonly item: T; readonly due: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly delayMs: number,
    private readonly deliver: (item: T) => void,
  ) {}

  put(item: T): void {
    this.#under.push({ item, due: performance.now() + this.delayMs });
    this.#timer ??= setTimeout(() => this.#arrive(), this.delayMs);
  }

  /** What is under way is lost. */
  cut(): void {
    clearTimeout(this.#timer);
    this.#under.length = 0;
  }

  #arrive(): void {
    // Timers count whole milliseconds: one that is half a millisecond early is as good as one that is late.
    const now = performance.now() + 0.5;
    const later = this.#under.findIndex(({ due }) => due > now);
    for (const { item } of this.#under.splice(0, later < 0 ? this.#under.length : later)) this.deliver(item);
    const first = this.#under.at(0);
    this.#timer = first && setTimeout(() => this.#arrive(), Math.max(1, Math.round(first.due - now)));
  }
}
