// The server of a probe as the pipelining helper sees it, answering when and what a test says.

import { once } from 'node:events';
import { Duplex } from 'node:stream';
import type { ProbeEndpoint } from '../../src/client/endpoint.js';

export interface Asked {
  readonly id: unknown;
  readonly request: string;
  readonly arguments?: readonly unknown[];
}

/** A server for one connection. */
export class ScriptedProbe implements ProbeEndpoint {
  readonly name = 'scripted';
  /** Every line it was sent. */
  readonly lines: string[] = [];
  /** Replies that are under way, until `deliver`. */
  readonly #held: string[] = [];
  #answered = 0;
  #part = '';
  #mostUnsent = 0;
  #wake = (): void => undefined;
  readonly #stream = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      const lines = (this.#part + chunk.toString()).split('\n');
      this.#part = lines.pop() ?? '';
      for (const line of lines) this.#arrived(line);
      this.#mostUnsent = Math.max(this.#mostUnsent, this.#stream.writableLength);
      this.taken(done);
    },
    final: (done) => {
      done();
      this.#stream.push(null);
    },
  });

  /**
   * @param answer  the reply to a line, at once; without it, or where it is undefined, the test calls `reply`
   * @param taken   calls back when more can be sent
   */
  constructor(
    private readonly answer: (asked: Asked, line: string) => string | undefined = () => undefined,
    private readonly taken = (done: () => void): void => done(),
  ) {}

  async open(): Promise<Duplex> {
    return this.#stream;
  }

  get asked(): readonly Asked[] {
    return this.lines.map((line) => JSON.parse(line) as Asked);
  }

  /** The names of the requests it was sent, without what the helper asks for ahead. */
  get names(): readonly string[] {
    return this.asked.filter(({ id, request }) => !(id === 0 && request === 'readprop')).map(({ request }) => request);
  }

  /** Bytes that waited to be sent, at most. */
  get mostUnsent(): number {
    return this.#mostUnsent;
  }

  /** Resolves when it has been sent so many lines. */
  async received(count: number): Promise<void> {
    while (this.lines.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Answers the oldest request that has not been. */
  reply(status = 0, more: object = {}): void {
    const { id } = this.asked[this.#answered++];
    this.#stream.push(`${JSON.stringify({ id, status, ...more })}\n`);
  }

  /** Lets replies of `answer` arrive. @returns whether there were any */
  deliver(): boolean {
    const replies = this.#held.splice(0);
    for (const reply of replies) this.#stream.push(`${reply}\n`);
    return replies.length > 0;
  }

  /** Breaks the connection. */
  die(): void {
    this.#stream.destroy(new Error('connection reset'));
  }

  /** Resolves when the helper has no more to send. */
  async finished(): Promise<void> {
    if (!this.#stream.writableFinished) await once(this.#stream, 'finish');
  }

  /** Resolves when the connection is gone. */
  async closed(): Promise<void> {
    if (!this.#stream.closed) await once(this.#stream, 'close');
  }

  #arrived(line: string): void {
    this.lines.push(line);
    const reply = this.answer(JSON.parse(line) as Asked, line);
    if (reply !== undefined) {
      this.#held.push(reply);
      this.#answered++;
    }
    this.#wake();
  }
}
