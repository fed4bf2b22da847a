import type { Clock } from '../../src/base/clock.js';
import type { DeviceKey, TransferOptions, UsbBus, UsbConnection, UsbDeviceInfo } from '../../src/usb/usb-bus.js';

/** Sees what the host has asked of the bulk endpoints of a probe and has not got yet. */
export class MeteredBus implements UsbBus {
  /** The most packets sent whose answers had not been received. */
  mostInFlight = 0;
  #inFlight = 0;
  #busyMs = 0;
  #busySince: number | undefined;
  #startedAt: number | undefined;
  #endedAt = 0;

  constructor(
    private readonly bus: UsbBus,
    private readonly clock: Clock,
  ) {}

  /** From the first packet to the last answer. */
  get elapsedMs(): number {
    return this.#endedAt - (this.#startedAt ?? this.#endedAt);
  }

  /** The share of it in which an answer was waited for. */
  get busyShare(): number {
    return this.#busyMs / this.elapsedMs;
  }

  list(): Promise<readonly UsbDeviceInfo[]> {
    return this.bus.list();
  }

  subscribe(onChange: () => void): Disposable {
    return this.bus.subscribe(onChange);
  }

  async open(key: DeviceKey, interfaceNumber: number): Promise<UsbConnection> {
    const connection = await this.bus.open(key, interfaceNumber);
    return {
      gone: connection.gone,
      transferOut: (endpoint: number, data: Uint8Array, options: TransferOptions) => {
        this.#sent();
        return connection.transferOut(endpoint, data, options);
      },
      transferIn: async (endpoint: number, lengthBytes: number, options: TransferOptions) => {
        const answer = await connection.transferIn(endpoint, lengthBytes, options);
        this.#received();
        return answer;
      },
      setReport: (report, options) => connection.setReport(report, options),
      [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bus[Symbol.asyncDispose]();
  }

  #sent(): void {
    const now = this.clock.now();
    this.#startedAt ??= now;
    this.#busySince ??= now;
    this.#inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
  }

  #received(): void {
    this.#inFlight--;
    if (this.#inFlight > 0) return;
    this.#endedAt = this.clock.now();
    this.#busyMs += this.#endedAt - (this.#busySince ?? this.#endedAt);
    this.#busySince = undefined;
  }
}
