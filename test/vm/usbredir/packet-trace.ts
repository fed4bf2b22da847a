/** The last messages of a connection, in words: what a test that failed shows. */
export class PacketTrace {
  readonly #lines: string[] = [];
  #dropped = 0;

  constructor(private readonly limit = 200) {}

  add(line: string): void {
    this.#lines.push(`${(performance.now() / 1000).toFixed(3)} ${line}`);
    if (this.#lines.length <= this.limit) return;
    this.#lines.shift();
    this.#dropped++;
  }

  toString(): string {
    const head = this.#dropped > 0 ? [`(${this.#dropped} earlier ones left out)`] : [];
    return [...head, ...this.#lines].join('\n');
  }
}

/** The first bytes of a packet, in hexadecimal. */
export function hexStart(bytes: Uint8Array, limit = 16): string {
  const text = Buffer.from(bytes.subarray(0, limit)).toString('hex');
  return bytes.length > limit ? `${text}… (${bytes.length} bytes)` : text;
}
