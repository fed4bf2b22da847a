import type { Clock } from '../base/clock.js';

export interface StrangerTallyOptions {
  readonly clock: Clock;
  /** @param times  how many connections are told of at once, where it is not one */
  readonly tell: (principal: string, reason: string, times?: number) => void;
}

const PERIOD_MS = 60_000;
const MAX_ADDRESSES = 100;
/** Those beyond that are told of together. */
const OTHERS = 'others';

/**
 * Tells of connections that were turned away: of each address the first at once, and after a minute how many more
 * there were. So who knocks without end, from however many addresses, fills no log.
 */
export class StrangerTally implements Disposable {
  readonly #untold = new Map<string, { readonly reason: string; times: number }>();
  #timer: Disposable | undefined;

  constructor(private readonly options: StrangerTallyOptions) {}

  note(address: string, reason: string): void {
    const { clock, tell } = this.options;
    this.#timer ??= clock.timer(PERIOD_MS, () => this.#tellAll());
    const isNew = !this.#untold.has(`addr:${address}`);
    const principal = isNew && this.#untold.size >= MAX_ADDRESSES ? OTHERS : `addr:${address}`;
    const known = this.#untold.get(principal);
    if (known) {
      known.times++;
      return;
    }
    this.#untold.set(principal, { reason, times: principal === OTHERS ? 1 : 0 });
    if (principal !== OTHERS) tell(principal, reason);
  }

  [Symbol.dispose](): void {
    this.#tellAll();
  }

  #tellAll(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const [principal, { reason, times }] of this.#untold)
      if (times > 0) this.options.tell(principal, reason, times);
    this.#untold.clear();
  }
}
