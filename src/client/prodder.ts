// Gets replies out of a server that sends with Nagle's algorithm, as `pyocd server` does: while a small reply of it is
// not acknowledged, it holds those after it back, until they fill a segment. RFC 9293, 3.7.4.

import type { Clock } from '../base/clock.js';
import type { RequestStream } from './request-stream.js';

/** The payload of a segment on Ethernet, at most. */
const SEGMENT_BYTES = 1460;
/** Asks for nothing. Its reply, which has the id in it, fills the segment that the replies before it wait in. */
const FILLER = hello(JSON.stringify(' '.repeat(SEGMENT_BYTES)));
/**
 * A forwarder between us, such as `ssh -L`, has large segments and acknowledges after 40 ms (tcp(7)), or with what it
 * sends: so it is given something to send, a few times.
 */
const PROD = hello('0');
/** A server that is near has answered by then. From prod to prod it doubles. */
const FIRST_PROD_MS = 1;
const LONGEST_PAUSE_MS = 32;

export class Prodder implements Disposable {
  /** Requests that somebody waits for. */
  #waiting = 0;
  #waitingSince = 0;
  /** The last of them was not answered before the first prod is due: nor will the next one be. */
  #isFar = false;
  #timer: Disposable | undefined;

  constructor(
    private readonly server: RequestStream,
    private readonly clock: Clock,
  ) {}

  /** Somebody waits for the request that is sent next, or for one before it. */
  waits(): void {
    if (this.#waiting++ === 0) this.#waitingSince = this.clock.now();
    // Alone on its way, its reply has none before it.
    if (this.server.unanswered === 0) return;
    this.#timer ??= this.#isFar
      ? this.clock.immediate(() => this.#prod(FILLER, FIRST_PROD_MS))
      : this.#prodAfter(FIRST_PROD_MS, FILLER);
  }

  /** One of those is answered. */
  answered(): void {
    if (--this.#waiting > 0) return;
    this.#isFar = this.clock.now() - this.#waitingSince >= FIRST_PROD_MS;
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #prodAfter(ms: number, line: string): Disposable {
    return this.clock.timer(ms, () => this.#prod(line, ms));
  }

  /** @param afterMs  how long the request has waited */
  #prod(line: string, afterMs: number): void {
    this.server.send(line, () => undefined);
    this.#timer = afterMs < LONGEST_PAUSE_MS ? this.#prodAfter(2 * afterMs, PROD) : undefined;
  }
}

function hello(id: string): string {
  return `{"id": ${id}, "request": "hello", "arguments": [1]}`;
}
