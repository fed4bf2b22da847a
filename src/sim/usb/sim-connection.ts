import type { TransferOptions, UsbConnection } from '../../usb/usb-bus.js';
import { UsbError } from '../../usb/usb-error.js';
import type { Attachment } from './attachment.js';

/** One claimed interface of a simulated device. */
export class SimConnection implements UsbConnection {
  readonly #endpoints: ReadonlySet<number>;
  #closed = false;

  constructor(
    readonly attachment: Attachment,
    readonly interfaceNumber: number,
  ) {
    const claimed = attachment.info.interfaces.filter(({ number }) => number === interfaceNumber);
    this.#endpoints = new Set([0, ...claimed.flatMap(({ endpoints }) => endpoints.map(({ address }) => address))]);
    attachment.claims.set(interfaceNumber, this);
    attachment.device.claimed(interfaceNumber);
  }

  get gone(): AbortSignal {
    return this.attachment.gone;
  }

  transferOut(endpoint: number, data: Uint8Array, options: TransferOptions): Promise<void> {
    const refused = this.#refusal(endpoint, options);
    return refused ? Promise.reject(refused) : this.attachment.out(endpoint).transfer(data, options);
  }

  transferIn(endpoint: number, lengthBytes: number, options: TransferOptions): Promise<Uint8Array> {
    const refused = this.#refusal(endpoint, options);
    return refused ? Promise.reject(refused) : this.attachment.in(endpoint).transfer(lengthBytes, options);
  }

  setReport(report: Uint8Array, options: TransferOptions): Promise<void> {
    const refused = this.#refusal(0, options);
    return refused ? Promise.reject(refused) : this.attachment.out(0).transfer(report, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const address of this.#endpoints)
      this.attachment.endpoint(address).rejectAll(new UsbError('io', 'the connection was closed'));
    if (this.attachment.claims.get(this.interfaceNumber) === this) this.attachment.claims.delete(this.interfaceNumber);
    if (!this.gone.aborted) this.attachment.device.released(this.interfaceNumber);
  }

  #refusal(endpoint: number, { signal }: TransferOptions): Error | undefined {
    if (this.#closed) return new UsbError('io', 'the connection is closed');
    if (!this.#endpoints.has(endpoint))
      return new UsbError('io', `endpoint 0x${endpoint.toString(16)} is not of interface ${this.interfaceNumber}`);
    if (signal?.aborted) return new UsbError('io', 'the transfer was cancelled', { cause: signal.reason });
    return undefined;
  }
}
