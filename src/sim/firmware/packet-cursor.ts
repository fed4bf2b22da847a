// Reading a command and writing its answer, byte by byte, little-endian.

/** What the host sent. Past its end there are zeros: firmware reads whatever its buffer held before. */
export class CommandReader {
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;

  reset(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#at = 0;
  }

  /** More was read than there is. */
  get overrun(): boolean {
    return this.#at > this.#bytes.length;
  }

  u8(): number {
    const at = this.#at++;
    return at < this.#bytes.length ? this.#bytes[at] : 0;
  }

  u16(): number {
    return this.u8() | (this.u8() << 8);
  }

  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0;
  }

  /** The next `count` bytes; shorter where the command ends before. */
  bytes(count: number): Uint8Array {
    const from = this.#at;
    this.#at += count;
    return this.#bytes.subarray(from, this.#at);
  }
}

/** The answer, up to the packet size. What does not fit is lost, and `overrun` says so. */
export class AnswerWriter {
  readonly #buffer: Uint8Array;
  #at = 0;

  constructor(packetSizeBytes: number) {
    this.#buffer = new Uint8Array(packetSizeBytes);
  }

  reset(): void {
    this.#at = 0;
  }

  get overrun(): boolean {
    return this.#at > this.#buffer.length;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#at;
  }

  u8(value: number): void {
    if (this.#at < this.#buffer.length) this.#buffer[this.#at] = value;
    this.#at++;
  }

  u16(value: number): void {
    this.u8(value & 0xff);
    this.u8((value >>> 8) & 0xff);
  }

  u32(value: number): void {
    this.u16(value & 0xffff);
    this.u16(value >>> 16);
  }

  bytes(values: Uint8Array): void {
    for (const value of values) this.u8(value);
  }

  /** Overwrites a byte written before. */
  patch(at: number, value: number): void {
    this.#buffer[at] = value;
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.#buffer.slice(0, Math.min(this.#at, this.#buffer.length));
  }
}
