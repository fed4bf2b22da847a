import { sleep, type Clock } from '../../base/clock.js';
import { describeError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { UsbError } from '../../usb/usb-error.js';
import type { PacketExchange } from './packet-exchange.js';

/** Reads waiting at once, so that the probe can always send. */
const READS_IN_FLIGHT = 4;
const READ_TIMEOUT_MS = 1000;
const RETRY_DELAY_MS = 100;
/** One after the other. */
const MAX_FAILURES = 10;
/** A client that does not read loses what comes after this. */
const MAX_BUFFERED_BYTES = 0x40000;

const NOTHING = new Uint8Array(0);

/** Reads the SWO endpoint all the time, from `start` until it is disposed, and keeps what came. */
export class SwoStreamReader implements AsyncDisposable {
  readonly #exchange: PacketExchange;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  readonly #finished: Promise<void>;
  #parts: Uint8Array[] = [];
  #sizeBytes = 0;
  #isOverflowing = false;

  private constructor(exchange: PacketExchange, clock: Clock, log: Logger) {
    this.#exchange = exchange;
    this.#clock = clock;
    this.#log = log;
    this.#finished = this.#run();
  }

  static start(exchange: PacketExchange, clock: Clock, log: Logger): SwoStreamReader {
    return new SwoStreamReader(exchange, clock, log);
  }

  /** What came since the last call. */
  take(): Uint8Array {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#sizeBytes = 0;
    this.#isOverflowing = false;
    return bytes;
  }

  /** Cancels the reads and waits for that. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#finished;
  }

  /** Never rejects: nobody waits for it but `dispose`. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    const inFlight: Promise<Uint8Array>[] = [];
    for (let failures = 0; failures < MAX_FAILURES && !this.#isStopped;) {
      const { swoStream } = this.#exchange.pipe; // another one after the pipe was replaced
      if (!swoStream) break;
      while (inFlight.length < READS_IN_FLIGHT) {
        const reading = swoStream.read({ timeoutMs: READ_TIMEOUT_MS, signal });
        reading.catch(() => undefined); // seen when its turn comes
        inFlight.push(reading);
      }
      try {
        this.#keep((await inFlight.shift()) ?? NOTHING);
        failures = 0;
      } catch (error) {
        if (this.#isOver(error)) break;
        if (isSilence(error)) continue;
        failures++;
        this.#log.warn('SWO stream interrupted', { error: describeError(error) });
        await sleep(this.#clock, RETRY_DELAY_MS, signal).catch(() => undefined); // the loop sees that we are stopped
      }
    }
    this.#stop.abort();
    await Promise.allSettled(inFlight);
  }

  #isOver(error: unknown): boolean {
    return this.#isStopped || (error instanceof UsbError && error.kind === 'gone');
  }

  get #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#sizeBytes + bytes.length > MAX_BUFFERED_BYTES) {
      if (!this.#isOverflowing) this.#log.warn('SWO bytes dropped: the client does not read', { MAX_BUFFERED_BYTES });
      this.#isOverflowing = true;
      return;
    }
    this.#parts.push(bytes);
    this.#sizeBytes += bytes.length;
  }
}

function isSilence(error: unknown): boolean {
  return error instanceof UsbError && error.kind === 'timeout';
}
