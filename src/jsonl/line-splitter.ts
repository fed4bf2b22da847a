const LF = 0x0a;
const CR = 0x0d;

/**
 * Cuts a byte stream into lines at LF; a CR before it is dropped. Every byte is looked at once and copied at most once,
 * however the stream is cut into chunks, and no more than `maxLineBytes` of an unfinished line are kept.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #onLine: (line: Buffer) => void;
  #parts: Buffer[] = [];
  #partsBytes = 0;

  /**
   * @param maxLineBytes  the longest line allowed, without its terminator
   * @param onLine        gets each line without its terminator; the bytes are not reused
   */
  constructor(maxLineBytes: number, onLine: (line: Buffer) => void) {
    this.#maxLineBytes = maxLineBytes;
    this.#onLine = onLine;
  }

  /** @returns false as soon as a line is over the limit: the rest of the stream has no meaning then */
  push(chunk: Buffer): boolean {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      if (!this.#finish(chunk.subarray(start, end))) return false;
      start = end + 1;
    }
    if (start === chunk.length) return true;
    this.#parts.push(chunk.subarray(start));
    this.#partsBytes += chunk.length - start;
    // One byte of grace: it may be the CR of a line that has just the right length.
    return this.#partsBytes <= this.#maxLineBytes + 1;
  }

  /** The stream has ended: what came after the last LF is a line, too, unless it is empty. @returns as `push` */
  end(): boolean {
    return this.#partsBytes === 0 || this.#finish(Buffer.alloc(0));
  }

  #finish(tail: Buffer): boolean {
    let line = tail;
    if (this.#partsBytes > 0) {
      this.#parts.push(tail);
      line = Buffer.concat(this.#parts);
      this.#parts = [];
      this.#partsBytes = 0;
    }
    if (line.at(-1) === CR) line = line.subarray(0, -1);
    if (line.length > this.#maxLineBytes) return false;
    this.#onLine(line);
    return true;
  }
}
