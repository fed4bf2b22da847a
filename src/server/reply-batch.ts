import type { Clock } from '../base/clock.js';

/**
 * Replies to several clients, or several to one, sent one right behind the other when the event loop has seen to
 * everything that had arrived. A client that sleeps has to be woken, which costs the kernel more than the sending: of
 * replies that come one by one, each wakes somebody; of those that come together, the first.
 */
export class ReplyBatch {
  #due: (() => void)[] = [];

  /** @param isWorthwhile  whether several clients may get replies in the same turn; if not, nothing is put off */
  constructor(
    private readonly clock: Clock,
    private readonly isWorthwhile: () => boolean,
  ) {}

  /**
   * Calls `send` soon: before the event loop waits for anything.
   *
   * @param mayGrow  another reply to the same client may be made until then, and go with it
   */
  add(send: () => void, mayGrow: boolean): void {
    if (!mayGrow && !this.isWorthwhile()) {
      send();
      return;
    }
    if (this.#due.length === 0) this.clock.immediate(() => this.#send());
    this.#due.push(send);
  }

  #send(): void {
    const due = this.#due;
    this.#due = [];
    for (const send of due) send();
  }
}
