import type { TransferOptions } from '../../usb/usb-bus.js';
import { Endpoint, type PendingTransfer } from './endpoint.js';

interface PendingOut extends PendingTransfer<void> {
  readonly data: Uint8Array;
}

/** The host's transfers to the device; they wait while the device answers NAK. */
export class OutEndpoint extends Endpoint<void, PendingOut> {
  /** Whether the device takes a transfer now. */
  accepts: () => boolean = () => true;
  /** Hands a transfer to the device. */
  deliver: (data: Uint8Array) => void = () => undefined;

  transfer(data: Uint8Array, options: TransferOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.halted) {
        reject(this.halted);
        return;
      }
      const deadline = this.clock.now() + options.timeoutMs;
      this.enqueue({ data, deadline, resolve, reject }, options);
    });
  }

  proceed(): void {
    while (this.pending.length > 0 && this.accepts()) {
      const transfer = this.pending.shift();
      if (!transfer) return;
      this.complete(transfer, () => {
        this.count(transfer.data.length, false);
        // Delivered first: a bug in the device rejects the transfer instead of being lost behind its success.
        this.deliver(transfer.data);
        transfer.resolve();
      });
    }
  }
}
