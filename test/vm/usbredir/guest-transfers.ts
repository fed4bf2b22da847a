// The transfers of the guest, run on the endpoints of a simulated device.

import type { Attachment } from '../../../src/sim/usb/attachment.js';
import { ENDPOINT_IN } from '../../../src/usb/usb-bus.js';
import { UsbError, type UsbErrorKind } from '../../../src/usb/usb-error.js';
import { hexStart, type PacketTrace } from './packet-trace.js';
import { Status } from './protocol.js';

/** What the guest is told of a transfer. */
export interface TransferOutcome {
  readonly status: Status;
  /** Bytes that were moved. */
  readonly lengthBytes: number;
  /** Of an IN transfer that went well. */
  readonly data?: Uint8Array;
}

export type Tell = (outcome: TransferOutcome) => void;

const statusOfKind: Readonly<Record<UsbErrorKind, Status>> = {
  gone: Status.IoError,
  io: Status.IoError,
  timeout: Status.Timeout,
  stall: Status.Stall,
  overflow: Status.Babble,
  access: Status.Invalid,
  busy: Status.Invalid,
};

/** A device waits for its host as long as it takes. The longest a timer can run. */
const FOR_EVER_MS = 0x7fffffff;

export class GuestTransfers {
  /** Those that wait for the device, by id. */
  readonly #waiting = new Map<bigint, AbortController>();
  /** Interrupt IN endpoints the guest listens to. */
  readonly #listening = new Map<number, AbortController>();
  /** Bulk IN endpoints whose next transfer babbles. */
  readonly #babbling = new Set<number>();

  constructor(
    private readonly attachment: Attachment,
    private readonly trace: PacketTrace,
  ) {}

  read(id: bigint, endpoint: number, lengthBytes: number, tell: Tell): void {
    this.#run(id, endpoint, `asks for ${lengthBytes}`, tell, async (signal) => {
      if (this.#babbling.delete(endpoint)) throw babble();
      return this.attachment.in(endpoint).transfer(lengthBytes, { timeoutMs: FOR_EVER_MS, signal });
    });
  }

  write(id: bigint, endpoint: number, data: Uint8Array, tell: Tell): void {
    this.#run(id, endpoint, `sends ${hexStart(data)}`, tell, async (signal) => {
      await this.attachment.out(endpoint).transfer(data, { timeoutMs: FOR_EVER_MS, signal });
      return data.length;
    });
  }

  /** The guest gives a transfer up; it ends with that status unless it has ended. */
  cancel(id: bigint): void {
    this.trace.add(`cancel ${id}`);
    this.#waiting.get(id)?.abort();
  }

  /** Interrupt IN: the guest has a poll running as long as it listens, and QEMU keeps what comes until it is read. */
  listen(endpoint: number, tell: Tell): void {
    this.trace.add(`${name(endpoint)} is listened to`);
    if (!this.#listening.has(endpoint)) this.#poll(endpoint, tell);
  }

  /** It may start again before the poll has ended. */
  stopListening(endpoint: number): void {
    const stop = this.#listening.get(endpoint);
    this.#listening.delete(endpoint);
    stop?.abort();
  }

  isHalted(endpoint: number): boolean {
    return this.attachment.endpoint(endpoint).halted !== undefined;
  }

  /** @param tell  of what is listened to from then on */
  clearHalt(endpoint: number, tell: Tell): void {
    const wasHalted = this.isHalted(endpoint);
    this.attachment.endpoint(endpoint).restart();
    if (wasHalted && this.#listening.has(endpoint)) this.#poll(endpoint, tell);
  }

  /** @see RedirectedDevice.babble */
  babble(endpoint: number): void {
    const input = this.attachment.in(endpoint);
    if (input.inFlight > 0) input.rejectAll(babble());
    else this.#babbling.add(endpoint);
  }

  /**
   * Runs one transfer, so that the guest can cancel it by its id.
   *
   * @param transfer  gives what came in, or how much went out
   */
  #run(
    id: bigint,
    endpoint: number,
    what: string,
    tell: Tell,
    transfer: (signal: AbortSignal) => Promise<Uint8Array | number>,
  ): void {
    this.trace.add(`${name(endpoint)} ${what}`);
    const cancel = new AbortController();
    this.#waiting.set(id, cancel);
    const end = (outcome: TransferOutcome): void => {
      this.#waiting.delete(id);
      tell(outcome);
    };
    transfer(cancel.signal).then(
      (moved) => {
        if (typeof moved === 'number') end({ status: Status.Success, lengthBytes: moved });
        else end(this.#received(endpoint, moved));
      },
      (error: unknown) => end(this.#failed(endpoint, error)),
    );
  }

  #poll(endpoint: number, tell: Tell): void {
    const stop = new AbortController();
    this.#listening.set(endpoint, stop);
    const input = this.attachment.in(endpoint);
    const isListening = (): boolean => this.#listening.get(endpoint) === stop;
    input.transfer(input.info.maxPacketSizeBytes, { timeoutMs: FOR_EVER_MS, signal: stop.signal }).then(
      (data) => {
        tell(this.#received(endpoint, data));
        if (isListening()) this.#poll(endpoint, tell);
      },
      (error: unknown) => {
        if (!isListening()) return;
        // QEMU tells its guest at once. It goes on listening, and so does this, unless it is halted.
        tell(this.#failed(endpoint, error));
        if (!input.halted) this.#poll(endpoint, tell);
      },
    );
  }

  #received(endpoint: number, data: Uint8Array): TransferOutcome {
    this.trace.add(`${name(endpoint)} got ${hexStart(data)}`);
    return { status: Status.Success, lengthBytes: data.length, data };
  }

  #failed(endpoint: number, error: unknown): TransferOutcome {
    const status = error instanceof UsbError ? statusOfKind[error.kind] : Status.Cancelled;
    this.trace.add(`${name(endpoint)} fails with status ${status}: ${String(error)}`);
    return { status, lengthBytes: 0 };
  }
}

export function isInput(endpoint: number): boolean {
  return (endpoint & ENDPOINT_IN) !== 0;
}

function babble(): UsbError {
  return new UsbError('overflow', 'babble');
}

function name(endpoint: number): string {
  return `0x${endpoint.toString(16).padStart(2, '0')}`;
}
