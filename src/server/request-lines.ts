// What one client has sent and nobody has answered yet: lines, out of bytes. Peers that are no clients are found out here.

import type { Socket } from 'node:net';
import { LineSplitter } from '../jsonl/line-splitter.js';
import { isHttpRequestLine, isTlsHandshake } from '../protocol/foreign-protocol.js';
import type { ServerLimits } from './limits.js';
import { LineQueue } from './line-queue.js';

export interface RequestLinesOptions {
  readonly limits: ServerLimits;
  /** The peer is no client, or cannot be one; may be called within `received` and `ended`. */
  readonly onForeign: (why: string) => void;
  /** The client has sent so far ahead that it is not read from for now. */
  readonly onPaused: () => void;
}

export class RequestLines {
  readonly #socket: Socket;
  readonly #options: RequestLinesOptions;
  readonly #splitter: LineSplitter;
  readonly #backlog = new LineQueue();
  /** Undefined once there were enough of them to tell that this is not TLS. */
  #firstBytes: Buffer | undefined = Buffer.alloc(0);
  #sawLine = false;

  constructor(socket: Socket, options: RequestLinesOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#splitter = new LineSplitter(options.limits.maxLineBytes, (line) => this.#lineArrived(line));
  }

  /** How many wait. */
  get length(): number {
    return this.#backlog.length;
  }

  /** @returns whether to go on with this peer */
  received(chunk: Buffer): boolean {
    if (this.#firstBytes) {
      const firstBytes = Buffer.concat([this.#firstBytes, chunk.subarray(0, 2)]);
      if (isTlsHandshake(firstBytes)) return this.#refuse('it began with a TLS handshake');
      this.#firstBytes = firstBytes.length < 2 ? firstBytes : undefined;
    }
    if (!this.#splitter.push(chunk)) return this.#refuse('it sent a line over the limit');
    this.#throttleReading();
    return true;
  }

  /** The client will send no more. @returns as `received` */
  ended(): boolean {
    if (!this.#splitter.end()) return this.#refuse('it sent a line over the limit');
    this.#throttleReading();
    return true;
  }

  shift(): Buffer | undefined {
    const line = this.#backlog.shift();
    if (line) this.#throttleReading();
    return line;
  }

  clear(): void {
    this.#backlog.clear();
  }

  #refuse(why: string): false {
    this.#options.onForeign(why);
    return false;
  }

  #lineArrived(line: Buffer): void {
    if (this.#socket.destroyed) return;
    if (!this.#sawLine && isHttpRequestLine(line)) this.#options.onForeign('it began with an HTTP request');
    else this.#backlog.push(line);
    this.#sawLine = true;
  }

  /** Lets a client send ahead, since a stock one's send gives up after 100 ms, but not without limit. */
  #throttleReading(): void {
    const { maxBacklogBytes, maxBacklogRequests } = this.#options.limits;
    const fill = Math.max(this.#backlog.bytes / maxBacklogBytes, this.#backlog.length / maxBacklogRequests);
    if (fill >= 1) {
      this.#socket.pause();
      this.#options.onPaused();
    } else if (fill <= 0.5 && this.#socket.isPaused()) this.#socket.resume();
  }
}
