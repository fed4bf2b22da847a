// What comes in on the SWO pin, until the host fetches it.

const ACTIVE = 0x01;
const OVERRUN = 0x80;

export class SwoCapture {
  transport: 'none' | 'data' | 'stream' = 'none';
  mode: 'off' | 'uart' | 'manchester' = 'off';
  baudrate = 0;
  #active = false;
  #overrun = false;
  readonly #buffer: Uint8Array;
  #length = 0;
  /** Bytes captured since the start, for timestamps. */
  #index = 0;
  /** Sends bytes through the streaming endpoint. */
  onStream: (bytes: Uint8Array) => void = () => undefined;

  constructor(bufferSizeBytes: number) {
    this.#buffer = new Uint8Array(bufferSizeBytes);
  }

  get active(): boolean {
    return this.#active;
  }

  get index(): number {
    return this.#index;
  }

  get available(): number {
    return this.#length;
  }

  start(): void {
    this.#length = this.#index = 0;
    this.#overrun = false;
    this.#active = true;
  }

  stop(): void {
    this.#active = false;
  }

  /** The target sends. What does not fit, or comes while nothing is captured, is lost. */
  receive(bytes: Uint8Array): void {
    if (!this.#active) return;
    this.#index += bytes.length;
    if (this.transport === 'stream') {
      this.onStream(bytes.slice());
      return;
    }
    const fits = bytes.subarray(0, this.#buffer.length - this.#length);
    this.#buffer.set(fits, this.#length);
    this.#length += fits.length;
    if (fits.length < bytes.length) this.#overrun = true;
  }

  take(maxBytes: number): Uint8Array {
    const bytes = this.#buffer.slice(0, Math.min(maxBytes, this.#length));
    this.#buffer.copyWithin(0, bytes.length, this.#length);
    this.#length -= bytes.length;
    return bytes;
  }

  /** The status byte; the error it reports is gone afterwards (SWO.c, GetTraceStatus). */
  readStatus(): number {
    const status = (this.#active ? ACTIVE : 0) | (this.#overrun ? OVERRUN : 0);
    this.#overrun = false;
    return status;
  }
}
