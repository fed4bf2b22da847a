import { abortReason, type Clock } from '../../base/clock.js';
import { never } from '../../base/never.js';
import type { TransferOptions, UsbConnection } from '../usb-bus.js';
import { UsbError } from '../usb-error.js';
import type { NativeHidDevice } from './native-hid.js';

export interface HidConnectionOptions {
  readonly gone: AbortSignal;
  readonly clock: Clock;
}

/** Reports that nobody has read: those after them are dropped, as in the system's own queue. */
const MAX_UNREAD = 64;

interface Reader {
  readonly resolve: (report: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** A HID interface as a connection: every OUT transfer is one output report, every IN transfer one input report. */
export class HidConnection implements UsbConnection {
  readonly gone: AbortSignal;
  readonly #device: NativeHidDevice;
  readonly #clock: Clock;
  readonly #unread: Uint8Array[] = [];
  readonly #readers = new Set<Reader>();
  readonly #writes = new Set<Promise<unknown>>();
  #failure: UsbError | undefined;
  #closed: Promise<void> | undefined;

  constructor(device: NativeHidDevice, { gone, clock }: HidConnectionOptions) {
    this.#device = device;
    this.#clock = clock;
    this.gone = gone;
    device.on('error', (error) => this.#fail(new UsbError('io', 'reading reports failed', { cause: error })));
    device.on('data', (report) => this.#receive(report));
    gone.addEventListener('abort', this.#onGone, { once: true });
  }

  async transferOut(_endpoint: number, data: Uint8Array, options: TransferOptions): Promise<void> {
    await this.setReport(data, options);
  }

  async setReport(report: Uint8Array, { timeoutMs }: TransferOptions): Promise<void> {
    this.#refuse();
    const writing = this.#device.write(Buffer.concat([Buffer.of(0), report]));
    this.#track(writing);
    const written = writing.catch((error: unknown) => {
      throw new UsbError('io', 'writing a report failed', { cause: error });
    });
    await this.#within(timeoutMs, written);
  }

  async transferIn(_endpoint: number, lengthBytes: number, options: TransferOptions): Promise<Uint8Array> {
    const { timeoutMs, signal = never } = options;
    this.#refuse();
    if (signal.aborted) throw abortReason(signal);
    const report = this.#unread.shift() ?? (await this.#nextReport(timeoutMs, signal));
    if (report.length > lengthBytes) throw new UsbError('overflow', `a report of ${report.length} bytes`);
    return report;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.gone.removeEventListener('abort', this.#onGone);
    this.#fail(new UsbError('io', 'the connection was closed'));
    await Promise.allSettled(this.#writes);
    await this.#device.close();
  }

  readonly #onGone = (): void => this.#fail(goneError());

  #refuse(): void {
    if (this.gone.aborted) throw goneError();
    if (this.#failure) throw this.#failure;
  }

  #fail(error: UsbError): void {
    this.#failure ??= error;
    for (const reader of this.#readers) reader.reject(this.#failure);
  }

  #receive(report: Uint8Array): void {
    const [reader] = this.#readers;
    if (this.#readers.size > 0) reader.resolve(report);
    else if (this.#unread.length < MAX_UNREAD) this.#unread.push(report);
  }

  /** Whoever asks first gets the first report. */
  async #nextReport(timeoutMs: number, signal: AbortSignal): Promise<Uint8Array> {
    let leave = (): void => undefined;
    const next = new Promise<Uint8Array>((resolve, reject) => {
      const reader = { resolve, reject };
      const onAbort = (): void => reject(abortReason(signal));
      this.#readers.add(reader);
      signal.addEventListener('abort', onAbort, { once: true });
      leave = () => {
        this.#readers.delete(reader);
        signal.removeEventListener('abort', onAbort);
      };
      // Left at once, not when the promise has been seen: the next report is another reader's.
      reader.resolve = (report) => {
        leave();
        resolve(report);
      };
    });
    try {
      return await this.#within(timeoutMs, next);
    } finally {
      leave();
    }
  }

  #track(writing: Promise<unknown>): void {
    this.#writes.add(writing);
    const done = (): unknown => this.#writes.delete(writing);
    writing.then(done, done);
  }

  async #within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
    let timer: Disposable | undefined;
    const expired = new Promise<never>((_resolve, reject) => {
      timer = this.#clock.timer(timeoutMs, () => reject(new UsbError('timeout', 'no report in time')));
    });
    try {
      return await Promise.race([promise, expired]);
    } finally {
      timer?.[Symbol.dispose]();
    }
  }
}

function goneError(): UsbError {
  return new UsbError('gone', 'the device left the bus');
}
