import type { BitString } from '../../src/dap/bit-string.js';
import type { DapPort, JtagSequence, SwdSequence } from '../../src/probe/probe.js';
import type { ClientLease, ClientName } from '../../src/sharing/client-lease.js';
import { RequestError } from '../../src/base/errors.js';

/** A lease without a probe behind it: writes down what it is asked, and answers from what a test has put in. */
export class MemoryLease implements ClientLease {
  /** One entry per call: name, then arguments other than signals. */
  readonly calls: unknown[][] = [];
  disposals = 0;
  /** What every call throws, if set. */
  failure: Error | undefined;
  /** What calls wait for. */
  gate: Promise<unknown> | undefined;
  onCall: () => void = () => undefined;
  /** The signal of the last call. */
  signal: AbortSignal | undefined;
  words: Uint32Array = Uint32Array.of(0x0bc11477);
  swdRead: readonly BitString[] = [];
  tdo: BitString | undefined;
  handle: number | undefined;
  vendorName = 'ACME';
  productName = 'Probe One';
  wireProtocols = ['SWD', 'JTAG'] as const;
  wireProtocol: 'SWD' | 'JTAG' | undefined;
  isWaiting = false;
  abilities = { swjSequence: true, swdSequence: true, jtagSequence: false, swo: true };

  readonly #listeners = new Set<() => void>();

  constructor(readonly client: ClientName = { id: 1, address: '127.0.0.1:1', principal: 'user:ada' }) {}

  /** Resolves when `count` calls have been made. */
  async called(count: number): Promise<void> {
    while (this.calls.length < count) await this.#change();
  }

  async disposed(): Promise<void> {
    while (this.disposals === 0) await this.#change();
  }

  open = (signal: AbortSignal) => this.#call(signal, undefined, 'open');
  close = (signal: AbortSignal) => this.#call(signal, undefined, 'close');
  connect = (protocol: string, signal: AbortSignal) => this.#call(signal, undefined, 'connect', protocol);
  disconnect = (signal: AbortSignal) => this.#call(signal, undefined, 'disconnect');
  lock = (signal: AbortSignal) => this.#call(signal, undefined, 'lock');
  unlock = (): void => this.#record('unlock');
  readonly dap: DapPort = {
    readDp: (address, signal) => this.#call(signal, this.words[0], 'readDp', address),
    writeDp: (address, value, signal) => this.#call(signal, undefined, 'writeDp', address, value),
    readAp: (address, count, signal) => this.#call(signal, this.words, 'readAp', address, count),
    writeAp: (address, values, signal) => this.#call(signal, undefined, 'writeAp', address, [...values]),
    flush: (signal) => this.#call(signal, undefined, 'flush'),
  };
  setClock = (frequencyHz: number, signal: AbortSignal) => this.#call(signal, undefined, 'setClock', frequencyHz);
  reset = (signal: AbortSignal) => this.#call(signal, undefined, 'reset');
  setReset = (asserted: boolean, signal: AbortSignal) => this.#call(signal, undefined, 'setReset', asserted);
  readReset = (signal: AbortSignal) => this.#call(signal, false, 'readReset');
  swjSequence = (bits: BitString, signal: AbortSignal) => this.#call(signal, undefined, 'swjSequence', bits);
  swdSequence = (pieces: readonly SwdSequence[], signal: AbortSignal) =>
    this.#call(signal, this.swdRead, 'swdSequence', pieces);
  jtagSequence = (sequence: JtagSequence, signal: AbortSignal) =>
    this.#call(signal, this.tdo, 'jtagSequence', sequence);
  swoStart = (baudRate: number, signal: AbortSignal) => this.#call(signal, undefined, 'swoStart', baudRate);
  swoStop = (signal: AbortSignal) => this.#call(signal, undefined, 'swoStop');
  swoRead = (signal: AbortSignal) => this.#call(signal, Uint8Array.of(0x68, 0x69), 'swoRead');
  memoryHandle = (version: 1 | 2, address: number, signal: AbortSignal) =>
    this.#call(signal, this.handle, 'memoryHandle', version, address);
  memory = (handle: number) => {
    if (handle !== this.handle) throw new RequestError('invalid handle received from remote memory access');
    return {
      read: (...[address, bits, signal]: [number, number, AbortSignal]) =>
        this.#call(signal, this.words[0], 'read', address, bits),
      write: (...[address, value, bits, signal]: [number, number, number, AbortSignal]) =>
        this.#call(signal, undefined, 'write', address, value, bits),
      readWords: (...[address, count, signal]: [number, number, AbortSignal]) =>
        this.#call(signal, this.words, 'readWords', address, count),
      writeWords: (...[address, words, signal]: [number, Uint32Array, AbortSignal]) =>
        this.#call(signal, undefined, 'writeWords', address, [...words]),
      readBytes: (...[address, count, signal]: [number, number, AbortSignal]) =>
        this.#call(signal, Uint8Array.of(1, 2, 255), 'readBytes', address, count),
      writeBytes: (...[address, bytes, signal]: [number, Uint8Array, AbortSignal]) =>
        this.#call(signal, undefined, 'writeBytes', address, [...bytes]),
    };
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposals++;
    this.#changed();
  }

  async #call<T>(signal: AbortSignal, answer: T, ...call: unknown[]): Promise<T> {
    this.signal = signal;
    this.#record(...call);
    await this.gate;
    signal.throwIfAborted();
    if (this.failure) throw this.failure;
    return answer;
  }

  #record(...call: unknown[]): void {
    this.calls.push(call);
    this.onCall();
    this.#changed();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#listeners.add(resolve));
  }

  #changed(): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}
