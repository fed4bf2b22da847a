import type { TransferOptions, UsbConnection } from '../../usb/usb-bus.js';
import type { PacketPipe } from './packet-pipe.js';

export interface HidReports {
  /** None: reports go over endpoint 0. */
  readonly outEndpoint: number | undefined;
  readonly inEndpoint: number;
  /** Bytes of a report, without report id. */
  readonly outputSizeBytes: number;
  readonly inputSizeBytes: number;
}

/** CMSIS-DAP v1: a packet is one HID report, always sent and received in full. */
export class HidPipe implements PacketPipe {
  readonly version = 'v1';
  readonly #connection: UsbConnection;
  readonly #reports: HidReports;
  readonly #report: Uint8Array;
  #packetSizeBytes: number;

  constructor(connection: UsbConnection, reports: HidReports) {
    this.#connection = connection;
    this.#reports = reports;
    this.#report = new Uint8Array(reports.outputSizeBytes);
    this.#packetSizeBytes = Math.min(reports.outputSizeBytes, reports.inputSizeBytes);
  }

  get packetSizeBytes(): number {
    return this.#packetSizeBytes;
  }

  get gone(): AbortSignal {
    return this.#connection.gone;
  }

  /** What a probe says may be more than its reports hold: the packet size of its other interface, or a wrong one. */
  resize(packetSizeBytes: number): void {
    const { outputSizeBytes, inputSizeBytes } = this.#reports;
    this.#packetSizeBytes = Math.min(packetSizeBytes, outputSizeBytes, inputSizeBytes);
  }

  write(packet: Uint8Array, options: TransferOptions): Promise<void> {
    this.#report.set(packet);
    this.#report.fill(0, packet.length);
    const { outEndpoint } = this.#reports;
    return outEndpoint === undefined
      ? this.#connection.setReport(this.#report, options)
      : this.#connection.transferOut(outEndpoint, this.#report, options);
  }

  read(options: TransferOptions): Promise<Uint8Array> {
    return this.#connection.transferIn(this.#reports.inEndpoint, this.#reports.inputSizeBytes, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}
