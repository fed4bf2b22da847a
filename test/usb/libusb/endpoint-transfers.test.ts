import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EndpointTransfers } from '../../../src/usb/libusb/endpoint-transfers.js';
import type { NativeEndpoint, NativeTransfer, TransferCallback } from '../../../src/usb/libusb/native.js';
import { FakeClock } from '../../support/fake-clock.js';
import { nativeError } from './fake-usb.js';

/** As npm `usb` 2.18.0 has it (transfer.cc, v8callback): a callback is kept for as long as its transfer exists. */
class KeepingEndpoint implements NativeEndpoint {
  readonly address = 0x81;
  readonly callbacks: TransferCallback[] = [];
  readonly transfers: WeakRef<NativeTransfer>[] = [];

  constructor(private readonly submit: (buffer: Buffer, callback: TransferCallback) => void) {}

  makeTransfer(_timeoutMs: number, callback: TransferCallback): NativeTransfer {
    this.callbacks.push(callback);
    const { submit } = this;
    const transfer = { submit: (buffer: Buffer) => submit(buffer, callback), cancel: () => true };
    this.transfers.push(new WeakRef(transfer));
    return transfer;
  }

  clearHalt(callback: (error: undefined) => void): void {
    callback(undefined);
  }
}

/** Without starting all tests with a flag of V8's. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

describe('a transfer that has ended', () => {
  const ends: Readonly<Record<string, (buffer: Buffer, callback: TransferCallback) => void>> = {
    'with an answer': (buffer, callback) => queueMicrotask(() => callback(undefined, buffer, buffer.length)),
    'with an error': (buffer, callback) => queueMicrotask(() => callback(nativeError(1), buffer, 0)),
    'before it began': () => {
      throw nativeError(-1);
    },
  };
  for (const [how, submit] of Object.entries(ends)) {
    it(`${how} is not kept`, async () => {
      const endpoint = new KeepingEndpoint(submit);
      const transfers = new EndpointTransfers(endpoint, new FakeClock());

      for (let i = 0; i < 3; i++)
        await transfers.transfer(Buffer.alloc(64), { timeoutMs: 1000 }).catch(() => undefined);
      await new Promise((resolve) => setImmediate(resolve)); // a WeakRef holds its object until the event loop turns
      collectGarbage();

      assert.deepEqual(
        endpoint.transfers.map((transfer) => transfer.deref()),
        [undefined, undefined, undefined],
      );
    });
  }
});
