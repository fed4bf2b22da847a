import type { TransferOptions } from '../../usb/usb-bus.js';
import { UsbError } from '../../usb/usb-error.js';
import { Endpoint, type PendingTransfer } from './endpoint.js';

interface PendingIn extends PendingTransfer<Uint8Array> {
  readonly lengthBytes: number;
}

/** A message of the device on its way to the host; `at` is how far the host has read it. */
interface Message {
  readonly bytes: Uint8Array;
  readonly endWithZlp: boolean;
  at: number;
}

/** Messages from the device wait here for the host, and the host's transfers for messages. */
export class InEndpoint extends Endpoint<Uint8Array, PendingIn> {
  readonly #fifo: Message[] = [];
  /** Called after the host has taken a whole message. */
  onTaken: () => void = () => undefined;

  get backlog(): number {
    return this.#fifo.length;
  }

  send(bytes: Uint8Array, endWithZlp: boolean): void {
    this.#fifo.push({ bytes, endWithZlp, at: 0 });
    this.proceed();
  }

  transfer(lengthBytes: number, options: TransferOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.halted) {
        reject(this.halted);
        return;
      }
      const deadline = this.clock.now() + options.timeoutMs;
      this.enqueue({ lengthBytes, deadline, resolve, reject }, options);
    });
  }

  proceed(): void {
    while (this.#fifo.length > 0 && this.pending.length > 0) {
      const transfer = this.pending.shift();
      if (transfer) this.#fill(transfer, this.#fifo[0]);
    }
  }

  /** Moves packets until the transfer is full or a short packet has ended it (USB 2.0, 5.8.3). */
  #fill(transfer: PendingIn, message: Message): void {
    const packetSize = this.info.maxPacketSizeBytes;
    const rest = message.bytes.length - message.at;
    const { lengthBytes } = transfer;
    if (rest > lengthBytes && lengthBytes % packetSize !== 0) {
      // The last packet does not fit into what is left of the host's buffer: babble.
      this.#take();
      this.complete(transfer, () =>
        transfer.reject(new UsbError('overflow', `the device sent more than the ${lengthBytes} bytes asked for`)),
      );
      return;
    }
    const length = Math.min(rest, lengthBytes);
    const bytes = message.bytes.subarray(message.at, message.at + length);
    message.at += length;
    // A message that fills the transfer leaves its zero-length packet to the next one.
    const zlpFollows = message.endWithZlp && rest > 0 && rest % packetSize === 0;
    const done = message.at === message.bytes.length && !(zlpFollows && rest === lengthBytes);
    this.count(length, done && zlpFollows);
    if (done) this.#take();
    this.complete(transfer, () => transfer.resolve(bytes));
  }

  #take(): void {
    this.#fifo.shift();
    this.onTaken();
  }
}
