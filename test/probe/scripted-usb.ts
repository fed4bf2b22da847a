// A USB device that plays a script: expect this packet, answer those bytes, or fail so. For what a simulated firmware
// would never do.

import assert from 'node:assert/strict';
import {
  deviceKey,
  type TransferOptions,
  type UsbBus,
  type UsbConnection,
  type UsbDeviceInfo,
  type UsbInterfaceInfo,
} from '../../src/usb/usb-bus.js';
import { UsbError, type UsbErrorKind } from '../../src/usb/usb-error.js';

/** Bytes as hex pairs; blanks are ignored. */
export type Hex = string;

/** What the device answers: bytes, or the `UsbErrorKind` the transfer fails with. */
export type Answer = Hex;

interface Waiter {
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

export interface Step {
  /** Hex of the OUT transfer that is expected; a prefix of it, if it ends in "…". */
  readonly out: Hex;
  /** What the device puts into its IN queue then; nothing: it stays silent. */
  readonly in?: readonly Answer[];
  /** The OUT transfer itself fails. */
  readonly outFails?: UsbErrorKind;
}

/** Reads its IN queue like an endpoint: what is not there when it is asked for times out, as soon as nothing is due. */
export class ScriptedDevice implements UsbBus {
  readonly #script: Step[];
  readonly #answers: Answer[] = [];
  readonly #waiting: Waiter[] = [];
  readonly #stream: Answer[] = [];
  readonly #streaming: ((packet: Answer) => void)[] = [];
  #gone = new AbortController();
  /** What `open` fails with, in turn; 'ok' does not fail. */
  readonly opens: (UsbErrorKind | 'ok')[] = [];
  /** Every OUT transfer, in hex. */
  readonly sent: Hex[] = [];
  /** Interface numbers, in the order they were opened. */
  readonly opened: number[] = [];
  readonly timeouts: number[] = [];
  /** Lengths asked for by IN transfers. */
  readonly lengths: number[] = [];
  closed = 0;

  constructor(...script: Step[]) {
    this.#script = script;
  }

  /** Adds steps to the end of the script. */
  expect(...steps: Step[]): void {
    this.#script.push(...steps);
  }

  /** Puts packets into the IN queue that nobody asked for. */
  stale(...answers: Hex[]): void {
    this.#answers.push(...answers);
  }

  /** Puts packets into the SWO endpoint. */
  streams(...packets: Answer[]): void {
    for (const packet of packets) {
      const waiting = this.#streaming.shift();
      if (waiting) waiting(packet);
      else this.#stream.push(packet);
    }
  }

  unplug(): void {
    this.#gone.abort(new UsbError('gone', 'unplugged'));
    for (const waiter of this.#waiting.splice(0)) waiter.reject(new UsbError('gone', 'unplugged'));
  }

  /** Fails unless every step was played. */
  done(): void {
    assert.deepEqual(this.#script, [], 'steps that were not played');
  }

  list(): Promise<readonly UsbDeviceInfo[]> {
    return Promise.resolve([]);
  }

  subscribe(): Disposable {
    return { [Symbol.dispose]: () => undefined };
  }

  async open(_key: UsbDeviceInfo['key'], interfaceNumber: number): Promise<UsbConnection> {
    this.opened.push(interfaceNumber);
    const result = this.opens.shift() ?? 'ok';
    if (result !== 'ok') throw new UsbError(result, 'scripted');
    return {
      gone: this.#gone.signal,
      transferOut: (_endpoint, data) => this.#out(data),
      setReport: (report) => this.#out(report),
      transferIn: (endpoint, lengthBytes, options) => this.#in(endpoint, lengthBytes, options),
      [Symbol.asyncDispose]: async () => {
        this.closed++;
        for (const waiter of this.#waiting.splice(0)) waiter.reject(new UsbError('io', 'cancelled'));
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // holds nothing
  }

  async #out(data: Uint8Array): Promise<void> {
    const hex = toHex(data);
    this.sent.push(hex);
    const step = this.#script.shift();
    assert.ok(step, `unexpected packet ${hex}`);
    const expected = step.out.replaceAll(' ', '');
    if (expected.endsWith('…')) assert.equal(hex.slice(0, expected.length - 1), expected.slice(0, -1));
    else assert.equal(hex, expected);
    if (step.outFails) throw new UsbError(step.outFails, 'scripted');
    this.#answers.push(...(step.in ?? []));
    while (this.#waiting.length > 0 && this.#answers.length > 0) {
      const [waiter] = this.#waiting.splice(0, 1);
      this.#next(Number.MAX_SAFE_INTEGER).then(waiter.resolve, waiter.reject);
    }
  }

  async #in(endpoint: number, lengthBytes: number, { timeoutMs, signal }: TransferOptions): Promise<Uint8Array> {
    if (endpoint === SWO_ENDPOINT) return this.#streamIn(signal);
    this.timeouts.push(timeoutMs);
    this.lengths.push(lengthBytes);
    if (this.#gone.signal.aborted) throw new UsbError('gone', 'unplugged');
    if (this.#answers.length > 0) return this.#next(lengthBytes);
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#waiting.push(waiter);
      // Time is not simulated here: what has not come when the event loop has turned does not come.
      setImmediate(() => {
        const at = this.#waiting.indexOf(waiter);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        reject(new UsbError('timeout', 'scripted silence'));
      });
    });
  }

  async #next(lengthBytes: number): Promise<Uint8Array> {
    const answer = this.#answers.shift() ?? '';
    if (isErrorKind(answer)) throw new UsbError(answer, 'scripted');
    return fromHex(answer).subarray(0, lengthBytes);
  }

  async #streamIn(signal: AbortSignal | undefined): Promise<Uint8Array> {
    const packet = this.#stream.shift() ?? (await this.#nextStreamed(signal));
    if (isErrorKind(packet)) throw new UsbError(packet, 'scripted');
    return fromHex(packet);
  }

  #nextStreamed(signal: AbortSignal | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(new UsbError('timeout', 'cancelled'));
      if (signal?.aborted) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
      this.#streaming.push((packet) => {
        signal?.removeEventListener('abort', onAbort);
        resolve(packet);
      });
    });
  }
}

const errorKinds = new Set<string>(['gone', 'io', 'timeout', 'stall', 'overflow', 'access', 'busy']);

function isErrorKind(text: string): text is UsbErrorKind {
  return errorKinds.has(text);
}

export function toHex(bytes: Uint8Array): Hex {
  return Buffer.from(bytes).toString('hex');
}

export function fromHex(hex: Hex): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

export const SWO_ENDPOINT = 0x83;

/** CMSIS-DAP v2: dap_firmware, "Communication via USB bulk endpoints". */
export function bulkInterface(changes: Partial<UsbInterfaceInfo> = {}, maxPacketSizeBytes = 64): UsbInterfaceInfo {
  return {
    number: 0,
    classCode: 0xff,
    subclassCode: 0,
    protocolCode: 0,
    name: 'CMSIS-DAP v2',
    endpoints: [
      { address: 0x01, transferType: 'bulk', maxPacketSizeBytes },
      { address: 0x82, transferType: 'bulk', maxPacketSizeBytes },
      { address: SWO_ENDPOINT, transferType: 'bulk', maxPacketSizeBytes },
    ],
    ...changes,
  };
}

export function hidInterface(changes: Partial<UsbInterfaceInfo> = {}): UsbInterfaceInfo {
  return {
    number: 1,
    classCode: 0x03,
    subclassCode: 0,
    protocolCode: 0,
    name: 'CMSIS-DAP v1',
    endpoints: [
      { address: 0x84, transferType: 'interrupt', maxPacketSizeBytes: 64 },
      { address: 0x05, transferType: 'interrupt', maxPacketSizeBytes: 64 },
    ],
    ...changes,
  };
}

export function usbDevice(changes: Partial<UsbDeviceInfo> = {}): UsbDeviceInfo {
  return {
    key: deviceKey('scripted'),
    vendorId: 0x1209,
    productId: 0x0001,
    deviceVersion: 0x0100,
    manufacturer: 'Acme',
    product: 'Probe',
    serial: 'A1',
    portPath: '1-1',
    accessible: true,
    interfaces: [bulkInterface()],
    ...changes,
  };
}
