import type { TransferOptions } from '../../usb/usb-bus.js';

/**
 * Carries CMSIS-DAP packets, whatever they travel in. Knows nothing of their content.
 *
 * One `write` at a time; `read`s may wait while a `write` runs, and several at once: they complete in order. Errors are
 * `UsbError`s, for the exchange above to translate. Disposing ends what is still in flight.
 */
export interface PacketPipe extends AsyncDisposable {
  /** "v1" packets are HID reports, "v2" packets go over bulk endpoints. */
  readonly version: 'v1' | 'v2';
  /** The longest packet, in either direction. Until `resize`, what one USB packet or report holds. */
  readonly packetSizeBytes: number;
  /** Aborts when the probe leaves the bus. */
  readonly gone: AbortSignal;
  /** The endpoint for captured SWO bytes, where there is one. */
  readonly swoStream?: SwoStream;
  /** Sets the packet size to what the probe says it is, as far as the pipe can carry it. */
  resize(packetSizeBytes: number): void;
  write(packet: Uint8Array, options: TransferOptions): Promise<void>;
  read(options: TransferOptions): Promise<Uint8Array>;
}

export interface SwoStream {
  /** Receives one USB packet of captured bytes. Several may wait; they complete in order. */
  read(options: TransferOptions): Promise<Uint8Array>;
}
