import { never } from '../../base/never.js';
import type { TransferOptions, UsbConnection } from '../usb-bus.js';
import { UsbError } from '../usb-error.js';
import type { Attachment } from './attachment.js';
import { ControlEndpoint, setReportRequest } from './control-endpoint.js';
import { EndpointTransfers } from './endpoint-transfers.js';
import { isAmbiguous } from './status.js';

/** One claimed interface. */
export class LibusbConnection implements UsbConnection {
  readonly #attachment: Attachment;
  readonly #interfaceNumber: number;
  readonly #isThere: () => boolean;
  readonly #endpoints: ReadonlyMap<number, EndpointTransfers>;
  #closed: Promise<void> | undefined;

  /**
   * @param attachment  acquired, and the interface claimed
   * @param isThere     asks the system whether the device is still there
   */
  constructor(attachment: Attachment, interfaceNumber: number, isThere: () => boolean) {
    this.#attachment = attachment;
    this.#interfaceNumber = interfaceNumber;
    this.#isThere = isThere;
    const claimed = attachment.device.interfaces?.find((one) => one.interfaceNumber === interfaceNumber);
    this.#endpoints = new Map(
      [new ControlEndpoint(attachment), ...(claimed?.endpoints ?? [])].map((endpoint) => [
        endpoint.address,
        new EndpointTransfers(endpoint, attachment.clock),
      ]),
    );
  }

  get gone(): AbortSignal {
    return this.#attachment.gone;
  }

  async transferOut(endpoint: number, data: Uint8Array, options: TransferOptions): Promise<void> {
    const moved = await this.#transfer(endpoint, Buffer.from(data.buffer, data.byteOffset, data.byteLength), options);
    if (moved < data.length) throw new UsbError('io', `the device took ${moved} of ${data.length} bytes`);
  }

  async transferIn(endpoint: number, lengthBytes: number, options: TransferOptions): Promise<Uint8Array> {
    const buffer = Buffer.allocUnsafe(lengthBytes);
    return buffer.subarray(0, await this.#transfer(endpoint, buffer, options));
  }

  async setReport(report: Uint8Array, options: TransferOptions): Promise<void> {
    const moved = await this.#transfer(0, setReportRequest(this.#interfaceNumber, report), options);
    if (moved < report.length) throw new UsbError('io', `the device took ${moved} of ${report.length} bytes`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closed ??= this.#attachment.lock.run(never, () => this.#close()));
  }

  get #isClosed(): boolean {
    return this.#closed !== undefined;
  }

  async #transfer(endpoint: number, buffer: Buffer, options: TransferOptions): Promise<number> {
    this.#refuse();
    const transfers = this.#endpoints.get(endpoint);
    if (!transfers)
      throw new UsbError('io', `endpoint 0x${endpoint.toString(16)} is not of interface ${this.#interfaceNumber}`);
    try {
      return await transfers.transfer(buffer, options);
    } catch (error) {
      throw error instanceof UsbError ? this.#explained(error) : error;
    }
  }

  #refuse(): void {
    if (this.#isClosed) throw new UsbError('io', 'the connection is closed');
    if (this.gone.aborted) throw this.#attachment.goneError();
  }

  /** The host controller reports broken transfers before the hub reports the loss of the device. */
  #explained(error: UsbError): UsbError {
    const isGone = error.kind === 'gone' || (isAmbiguous(error) && !this.#isClosed && !this.#isThere());
    if (!isGone) return error;
    // Not only when its detach arrives: a client that has been told tries again at once, and is to be told the same.
    this.#attachment.leave();
    return error.kind === 'gone' ? error : new UsbError('gone', this.#attachment.goneError().message, { cause: error });
  }

  async #close(): Promise<void> {
    const { device } = this.#attachment;
    await Promise.all([...this.#endpoints.values()].map((transfers) => transfers.end()));
    // Gives the interface back to the kernel's driver, too. It fails only for a device that has left.
    await new Promise<void>((resolve) => device.__releaseInterface(this.#interfaceNumber, () => resolve()));
    this.#attachment.release();
  }
}
