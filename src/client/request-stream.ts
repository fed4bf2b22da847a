// One connection to the server of a probe: lines out, and for each, in order, one line back.

import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { resetSocket } from '../base/reset-socket.js';
import { LineSplitter } from '../jsonl/line-splitter.js';
import { parseLine } from '../jsonl/parse-line.js';
import { ProbeConnectionLostError } from './errors.js';

/** A reply, and the line it came in. */
export interface Reply {
  readonly status: number;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly line: Buffer;
}

interface Sent {
  readonly answered: (reply: Reply) => void;
  readonly lost: (error: ProbeConnectionLostError) => void;
}

const LF = Buffer.from('\n');

/** 4 MiB of memory is the most that one request can ask for, at up to five characters a byte. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024;

export class RequestStream {
  readonly #stream: Duplex;
  readonly #name: string;
  readonly #splitter = new LineSplitter(MAX_REPLY_BYTES, (line) => this.#lineArrived(line));
  #sent: Sent[] = [];
  #answered = 0;
  readonly #lost = new AbortController();

  /**
   * @param stream   connected; from here on it is this object's
   * @param name     of the other side, for error texts
   * @param drained  called when so much was to be sent that it had to wait, and all of it has left
   */
  constructor(stream: Duplex, name: string, drained: () => void = () => undefined) {
    this.#stream = stream;
    this.#name = name;
    stream.on('data', (chunk: Buffer) => {
      if (!this.#splitter.push(chunk)) this.#fail('it sent a line without end');
    });
    stream.on('drain', drained);
    stream.on('error', (cause: Error) => this.#fail('it broke', cause));
    stream.on('end', () => this.#fail('the other side closed it'));
    stream.on('close', () => this.#fail('it was closed'));
  }

  /** Aborts with a `ProbeConnectionLostError` when there is no connection any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** How many requests have not been answered. */
  get unanswered(): number {
    return this.#sent.length - this.#answered;
  }

  /** Bytes that are on their way out of this process. */
  get unsentBytes(): number {
    return this.#stream.writableLength;
  }

  /**
   * Sends a line. One of the callbacks is called, later, in the order of the lines.
   * @param line  without its terminator
   */
  send(line: string | Uint8Array, answered: Sent['answered'], lost: Sent['lost'] = () => undefined): void {
    const reason: unknown = this.#lost.signal.reason;
    if (reason instanceof ProbeConnectionLostError) {
      lost(reason);
      return;
    }
    this.#sent.push({ answered, lost });
    this.#stream.write(typeof line === 'string' ? `${line}\n` : Buffer.concat([line, LF]));
  }

  /** Takes no more replies until `resume`. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /**
   * Says that no more requests come, and waits until the other side has done all of them and closed.
   * @param patience  when it aborts, the connection is broken off
   */
  async finish(patience: AbortSignal): Promise<void> {
    this.#stream.end();
    this.#stream.resume();
    try {
      if (!this.#stream.closed) await once(this.#stream, 'close', { signal: patience });
    } catch {
      this.close(); // out of patience, or broken: there is nobody to tell either way
    }
  }

  /** At once, and with RST: behind a mere end, the server would still do what it was asked. */
  close(): void {
    if (this.#stream instanceof Socket) resetSocket(this.#stream);
    else this.#stream.destroy();
    this.#fail('it was closed on this side');
  }

  #lineArrived(line: Buffer): void {
    const reply = readReply(line);
    const sent = this.#sent.at(this.#answered);
    if (!reply || !sent) {
      this.#fail(reply ? 'it answered without being asked' : 'it does not speak the remote probe protocol');
      return;
    }
    this.#answered++;
    // `Array.shift` moves all the rest each time; this moves it once in a thousand.
    if (this.#answered === this.#sent.length || this.#answered === 1024) {
      this.#sent.splice(0, this.#answered);
      this.#answered = 0;
    }
    sent.answered(reply);
  }

  #fail(why: string, cause?: Error): void {
    if (this.#lost.signal.aborted) return;
    const error = new ProbeConnectionLostError(`the connection to ${this.#name} is lost: ${why}`, { cause });
    const waiting = this.#sent.splice(0).slice(this.#answered);
    this.#answered = 0;
    this.#stream.destroy();
    this.#lost.abort(error);
    for (const { lost } of waiting) lost(error);
  }
}

/** @returns undefined for what is no reply */
export function readReply(line: Buffer): Reply | undefined {
  let message: unknown;
  try {
    message = parseLine(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof message !== 'object' || message === null || !('status' in message)) return undefined;
  return typeof message.status === 'number' ? { ...message, status: message.status, line } : undefined;
}
