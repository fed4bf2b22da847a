/** Lines that have arrived and wait for their turn, and how many bytes they are. */
export class LineQueue {
  #lines: Buffer[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#lines.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(line: Buffer): void {
    this.#lines.push(line);
    this.#bytes += line.length;
  }

  shift(): Buffer | undefined {
    if (this.#head === this.#lines.length) return undefined;
    const line = this.#lines[this.#head++];
    this.#bytes -= line.length;
    // `Array.shift` moves all the rest each time; this moves it once in a thousand.
    if (this.#head === this.#lines.length || this.#head === 1024) {
      this.#lines.splice(0, this.#head);
      this.#head = 0;
    }
    return line;
  }

  clear(): void {
    this.#lines = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
