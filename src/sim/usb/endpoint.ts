// The host's queue of transfers on one endpoint: order, timeouts, cancellation, stall, and the end of it all.

import { abortReason, type Clock } from '../../base/clock.js';
import type { TransferOptions, UsbEndpointInfo } from '../../usb/usb-bus.js';
import { UsbError } from '../../usb/usb-error.js';
import type { EndpointStats } from './sim-usb-device.js';

/** Conditions of the wire that the endpoints of one attachment share. */
export interface LinkConditions {
  /** Time each transfer takes. Zero: it completes within the call, without a timer. */
  readonly delayMs: number;
}

/** A transfer the host has asked for and that has not completed. */
export interface PendingTransfer<T> {
  readonly deadline: number;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Base of the IN and OUT endpoint; `P` is what a pending transfer carries. */
export abstract class Endpoint<T, P extends PendingTransfer<T>> {
  readonly stats: EndpointStats = { transfers: 0, packets: 0, bytes: 0 };
  protected readonly pending: P[] = [];
  #halt: UsbError | undefined;
  /** One timer for the earliest deadline, left running when its transfer completes: none is started per transfer. */
  #watchdog: Disposable | undefined;
  #watchdogDue = Infinity;
  /** When the last delayed completion is due: later ones may not overtake it. */
  #lastDue = 0;
  readonly #delayed = new Set<{ readonly timer: Disposable; readonly reject: (error: Error) => void }>();

  constructor(
    readonly info: UsbEndpointInfo,
    protected readonly clock: Clock,
    readonly conditions: LinkConditions,
  ) {}

  /** Transfers in flight. */
  get inFlight(): number {
    return this.pending.length + this.#delayed.size;
  }

  /** Why the endpoint takes no transfers at present. */
  get halted(): UsbError | undefined {
    return this.#halt;
  }

  /** Fails what is pending and whatever is asked for until `restart`. */
  halt(error: UsbError): void {
    this.#halt = error;
    this.rejectAll(error);
  }

  restart(): void {
    this.#halt = undefined;
    this.proceed();
  }

  rejectAll(error: Error): void {
    for (const transfer of this.pending.splice(0)) transfer.reject(error);
    for (const transfer of this.#delayed) {
      transfer.timer[Symbol.dispose]();
      transfer.reject(error);
    }
    this.#delayed.clear();
    this.#stopWatchdog();
  }

  /** Completes as many pending transfers as the device allows. */
  abstract proceed(): void;

  protected enqueue(transfer: P, { signal }: TransferOptions): void {
    const pending = signal ? this.#cancellable(transfer, signal) : transfer;
    this.pending.push(pending);
    this.proceed();
    if (this.pending.includes(pending)) this.#watch(pending.deadline);
  }

  /** Completes a transfer that has left the queue, after the delay of the link. */
  protected complete(transfer: P, finish: () => void): void {
    const { delayMs } = this.conditions;
    if (delayMs <= 0 && this.#delayed.size === 0) {
      finish();
      return;
    }
    const now = this.clock.now();
    const due = Math.max(now + delayMs, this.#lastDue);
    this.#lastDue = due;
    const late = due > transfer.deadline;
    const entry = {
      reject: transfer.reject,
      timer: this.clock.timer((late ? Math.max(transfer.deadline, now) : due) - now, () => {
        this.#delayed.delete(entry);
        if (late) transfer.reject(timeoutError(this.info.address));
        else finish();
      }),
    };
    this.#delayed.add(entry);
  }

  protected count(lengthBytes: number, zeroLengthPacket: boolean): void {
    this.stats.transfers++;
    this.stats.bytes += lengthBytes;
    this.stats.packets += Math.max(
      1,
      Math.ceil(lengthBytes / this.info.maxPacketSizeBytes) + (zeroLengthPacket ? 1 : 0),
    );
  }

  /** Listens no longer than the transfer lasts: a stream makes thousands of them with one signal. */
  #cancellable(transfer: P, signal: AbortSignal): P {
    const onAbort = (): void => this.#drop(pending, abortReason(signal));
    const settled = (): void => signal.removeEventListener('abort', onAbort);
    const pending: P = {
      ...transfer,
      resolve: (value: T) => {
        settled();
        transfer.resolve(value);
      },
      reject: (error: Error) => {
        settled();
        transfer.reject(error);
      },
    };
    signal.addEventListener('abort', onAbort, { once: true });
    return pending;
  }

  #drop(transfer: P, error: Error): void {
    const at = this.pending.indexOf(transfer);
    if (at < 0) return;
    this.pending.splice(at, 1);
    transfer.reject(error);
    if (this.pending.length === 0) this.#stopWatchdog();
  }

  #watch(deadline: number): void {
    if (deadline >= this.#watchdogDue) return;
    this.#stopWatchdog();
    this.#watchdogDue = deadline;
    this.#watchdog = this.clock.timer(Math.max(0, deadline - this.clock.now()), () => {
      this.#watchdog = undefined;
      this.#watchdogDue = Infinity;
      this.#expire();
    });
  }

  #expire(): void {
    const now = this.clock.now();
    // A timer may come a fraction of a millisecond early.
    for (const transfer of this.pending.filter(({ deadline }) => deadline - now < 0.5))
      this.#drop(transfer, timeoutError(this.info.address));
    let earliest = Infinity;
    for (const { deadline } of this.pending) earliest = Math.min(earliest, deadline);
    if (earliest < Infinity) this.#watch(earliest);
  }

  #stopWatchdog(): void {
    this.#watchdog?.[Symbol.dispose]();
    this.#watchdog = undefined;
    this.#watchdogDue = Infinity;
  }
}

function timeoutError(endpoint: number): UsbError {
  return new UsbError('timeout', `transfer on endpoint 0x${endpoint.toString(16)} timed out`);
}
