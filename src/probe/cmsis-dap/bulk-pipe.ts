import type { TransferOptions, UsbConnection, UsbEndpointInfo } from '../../usb/usb-bus.js';
import type { PacketPipe, SwoStream } from './packet-pipe.js';

const EMPTY = new Uint8Array(0);

export interface BulkEndpoints {
  readonly out: UsbEndpointInfo;
  readonly in: UsbEndpointInfo;
  readonly swo: UsbEndpointInfo | undefined;
}

/** CMSIS-DAP v2: a packet is one bulk transfer, of as many USB packets as it takes. */
export class BulkPipe implements PacketPipe {
  readonly version = 'v2';
  readonly swoStream?: SwoStream;
  readonly #connection: UsbConnection;
  readonly #endpoints: BulkEndpoints;
  #packetSizeBytes: number;

  constructor(connection: UsbConnection, endpoints: BulkEndpoints) {
    this.#connection = connection;
    this.#endpoints = endpoints;
    // Reading less than a whole DAP packet never waits for bytes that do not come, whatever its size will turn out to be.
    this.#packetSizeBytes = endpoints.in.maxPacketSizeBytes;
    const { swo } = endpoints;
    if (swo) {
      // One USB packet per transfer: a longer one would hold bytes back until it is full, and lose them at a timeout.
      this.swoStream = { read: (options) => connection.transferIn(swo.address, swo.maxPacketSizeBytes, options) };
    }
  }

  get packetSizeBytes(): number {
    return this.#packetSizeBytes;
  }

  get gone(): AbortSignal {
    return this.#connection.gone;
  }

  resize(packetSizeBytes: number): void {
    this.#packetSizeBytes = packetSizeBytes;
  }

  write(packet: Uint8Array, options: TransferOptions): Promise<void> {
    const { address, maxPacketSizeBytes } = this.#endpoints.out;
    const sent = this.#connection.transferOut(address, packet, options);
    // The probe sees the end of a packet by a short USB packet, or by having received a whole DAP packet. Where the
    // last USB packet happens to be full, and more would fit, it needs an empty one. USB 2.0, 5.8.3.
    const needsEnd = packet.length < this.#packetSizeBytes && packet.length % maxPacketSizeBytes === 0;
    if (!needsEnd) return sent;
    return Promise.all([sent, this.#connection.transferOut(address, EMPTY, options)]).then(() => undefined);
  }

  read(options: TransferOptions): Promise<Uint8Array> {
    // A whole DAP packet, not wMaxPacketSize: an answer may be longer than one USB packet.
    return this.#connection.transferIn(this.#endpoints.in.address, this.#packetSizeBytes, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}
