// A JSON reader for the few lines with long integers. Everything else goes through JSON.parse, which is faster.

/** Deeper nesting is refused, so that a hostile line cannot exhaust the stack. No request needs more than five. */
const MAX_DEPTH = 256;

/** The time to convert an integer grows faster than its length. Python's own limit, for the same reason. */
const MAX_DIGITS = 4300;

/** RFC 8259, section 6. Group 1 is there if the number has a fraction or an exponent. */
const NUMBER = /-?(?:0|[1-9]\d*)((?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
const BLANKS = /[ \t\n\r]*/y;

/**
 * Parses a JSON text; an integer that is not safe in a `number` becomes a `bigint`.
 * @throws SyntaxError
 */
export function parseLosslessJson(text: string): unknown {
  const reader = new Reader(text);
  const value = reader.readValue(0);
  reader.expectEnd();
  return value;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readValue(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new SyntaxError(`nested deeper than ${MAX_DEPTH}`);
    switch (this.#peek()) {
      case '{':
        return this.#readObject(depth);
      case '[':
        return this.#readArray(depth);
      case '"':
        return this.#readString();
      case 't':
        return this.#readWord('true', true);
      case 'f':
        return this.#readWord('false', false);
      case 'n':
        return this.#readWord('null', null);
      default:
        return this.#readNumber();
    }
  }

  expectEnd(): void {
    if (this.#peek() !== undefined) throw this.#unexpected();
  }

  #readObject(depth: number): object {
    const entries: [string, unknown][] = [];
    this.#at++;
    if (!this.#take('}')) {
      do {
        if (this.#peek() !== '"') throw this.#unexpected();
        const key = this.#readString();
        this.#expect(':');
        entries.push([key, this.readValue(depth + 1)]);
      } while (this.#take(','));
      this.#expect('}');
    }
    // Like JSON.parse: the last of equal keys wins, and "__proto__" is a key like any other.
    return Object.fromEntries(entries);
  }

  #readArray(depth: number): unknown[] {
    const values: unknown[] = [];
    this.#at++;
    if (this.#take(']')) return values;
    do values.push(this.readValue(depth + 1));
    while (this.#take(','));
    this.#expect(']');
    return values;
  }

  /** Finds the closing quote, and leaves escapes and forbidden characters to JSON.parse. */
  #readString(): string {
    const start = this.#at;
    let end = this.#text.indexOf('"', start + 1);
    while (end >= 0 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1);
    if (end < 0) throw new SyntaxError('unterminated string');
    this.#at = end + 1;
    return String(JSON.parse(this.#text.slice(start, this.#at)));
  }

  #isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.#text[at - backslashes - 1] === '\\') backslashes++;
    return backslashes % 2 === 1;
  }

  #readNumber(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (!match) throw this.#unexpected();
    const [digits, fraction] = match;
    this.#at += digits.length;
    const value = Number(digits);
    if (fraction !== '' || Number.isSafeInteger(value)) return value;
    if (digits.length > MAX_DIGITS) throw new SyntaxError(`an integer has more than ${MAX_DIGITS} digits`);
    return BigInt(digits);
  }

  #readWord<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected();
    this.#at += word.length;
    return value;
  }

  /** The next character that is not blank; undefined at the end. */
  #peek(): string | undefined {
    BLANKS.lastIndex = this.#at;
    this.#at += BLANKS.exec(this.#text)?.[0].length ?? 0;
    return this.#text.at(this.#at);
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) throw this.#unexpected();
  }

  #unexpected(): SyntaxError {
    const found = this.#text.at(this.#at);
    return new SyntaxError(
      found === undefined ? 'unexpected end' : `unexpected ${JSON.stringify(found)} at position ${this.#at}`,
    );
  }
}
