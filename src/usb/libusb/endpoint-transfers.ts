// What is in flight on one endpoint.

import { abortReason, type Clock } from '../../base/clock.js';
import { never } from '../../base/never.js';
import type { TransferOptions } from '../usb-bus.js';
import { UsbError } from '../usb-error.js';
import type { NativeEndpoint, NativeError, NativeTransfer } from './native.js';
import { TRANSFER_CANCELLED, usbErrorOf } from './status.js';

/**
 * Timeouts are kept here: libusb's own event thread does not see those of transfers that are submitted while it waits, for
 * the binaries of usb 2.18.0 are built without timerfd (libusb.gypi, USBI_TIMERFD_AVAILABLE, which libusb 1.0.26 and
 * later call HAVE_TIMERFD). Seen on Linux 6.1: a timeout of 10 ms came after a minute.
 */
const NO_TIMEOUT_MS = 0;

export class EndpointTransfers {
  readonly #endpoint: NativeEndpoint;
  readonly #clock: Clock;
  readonly #inFlight = new Map<Flight, Promise<unknown>>();
  /** While the halt of a stalled endpoint is being cleared. */
  #clearing: Promise<void> | undefined;
  #hasEnded = false;

  constructor(endpoint: NativeEndpoint, clock: Clock) {
    this.#endpoint = endpoint;
    this.#clock = clock;
  }

  /**
   * Runs one transfer. They complete in the order of the calls.
   *
   * @param buffer  belongs to the transfer until that settles
   * @returns       how many bytes were moved
   * @throws UsbError
   */
  async transfer(buffer: Buffer, options: TransferOptions): Promise<number> {
    if (this.#clearing) {
      await this.#clearing;
      if (this.#hasEnded) throw new UsbError('io', `${this.#name}: the connection was closed meanwhile`);
    }
    const { signal = never } = options;
    if (signal.aborted) throw abortReason(signal);
    // Submitted before the first `await` in the usual case: the next one may follow at once.
    const { flight, ended } = this.#submit(buffer);
    const waiting = { isOver: false };
    const deadline = this.#clock.timer(options.timeoutMs, () => {
      waiting.isOver = true;
      cancel(flight);
    });
    const onAbort = (): void => cancel(flight);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const { error, lengthBytes } = await ended;
      if (!error) return lengthBytes;
      if (error.errno === TRANSFER_CANCELLED && options.signal?.aborted) throw abortReason(options.signal);
      if (error.errno === TRANSFER_CANCELLED && waiting.isOver)
        throw new UsbError('timeout', `${this.#name} timed out`);
      throw usbErrorOf(error, this.#name);
    } finally {
      deadline[Symbol.dispose]();
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Cancels everything, and returns when nothing is in flight and nothing is being cleared. Nothing starts after it. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#cancelAll();
    await this.#clearing;
  }

  #submit(buffer: Buffer): { flight: Flight; ended: Promise<Ended> } {
    let settle: (ended: Ended) => void = () => undefined;
    const ended = new Promise<Ended>((resolve) => (settle = resolve));
    const flight: Flight = { transfer: undefined };
    flight.transfer = this.#endpoint.makeTransfer(NO_TIMEOUT_MS, (error, _buffer, lengthBytes) => {
      flight.transfer = undefined;
      this.#inFlight.delete(flight);
      const failure = error && usbErrorOf(error, this.#name);
      if (failure?.kind === 'stall') this.#clearHalt();
      settle({ error, lengthBytes });
    });
    try {
      flight.transfer.submit(buffer);
    } catch (error) {
      flight.transfer = undefined;
      throw usbErrorOf(error, this.#name);
    }
    this.#inFlight.set(flight, ended);
    return { flight, ended };
  }

  /** What waits behind a transfer that was stalled would fail, too: it is ended first, so that the endpoint is idle. */
  #clearHalt(): void {
    this.#clearing ??= (async () => {
      await this.#cancelAll();
      await new Promise<void>((resolve) => {
        // A device that refuses this as well stays halted, and the next transfer says so.
        try {
          this.#endpoint.clearHalt(() => resolve());
        } catch {
          resolve();
        }
      });
      this.#clearing = undefined;
    })();
  }

  async #cancelAll(): Promise<void> {
    const running = [...this.#inFlight.values()];
    for (const flight of this.#inFlight.keys()) cancel(flight);
    await Promise.all(running);
  }

  get #name(): string {
    return `transfer on endpoint 0x${this.#endpoint.address.toString(16).padStart(2, '0')}`;
  }
}

/**
 * A transfer while it runs. Its callback must let go of it then: npm `usb` keeps the callback for as long as the transfer
 * exists (2.18.0, transfer.cc, v8callback), and one that led back to the transfer would keep both for ever.
 */
interface Flight {
  transfer: NativeTransfer | undefined;
}

interface Ended {
  readonly error: NativeError | undefined;
  readonly lengthBytes: number;
}

function cancel({ transfer }: Flight): void {
  try {
    transfer?.cancel();
  } catch {
    // The device has left: the transfer ends by itself.
  }
}
