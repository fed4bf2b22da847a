// One client's connection: lines in, one request at a time, replies out, and a lease that ends with it.

import { AssertionError } from 'node:assert';
import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import { DaemonError, describeError, RequestError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { resetSocket } from '../base/reset-socket.js';
import { encodeError, encodeReply } from '../jsonl/encode-reply.js';
import { knock } from '../jsonl/knock.js';
import type { RequestTable } from '../jsonl/request-table.js';
import type { SocketOptions } from '../platform/socket-options.js';
import type { ClientLease } from '../sharing/client-lease.js';
import { type Envelope, type MalformedEnvelope, readEnvelope } from '../protocol/envelope.js';
import type { ServerLimits } from './limits.js';
import type { ReplyBatch } from './reply-batch.js';
import { RequestLines } from './request-lines.js';
import type { ClientContext } from './requests/probe-request.js';
import { GENERAL_ERROR, statusOfError } from '../protocol/status.js';

export interface ConnectionOptions {
  readonly table: RequestTable<ClientContext>;
  readonly limits: ServerLimits;
  /** Where replies go that make no client wait by going a little later. */
  readonly batch: ReplyBatch;
  readonly log: Logger;
  readonly clock: Clock;
  readonly socketOptions: SocketOptions;
  /** Called with a failed assertion: the state of the daemon is not to be trusted any more. */
  readonly crash: (error: AssertionError) => void;
  /** Called when a request failed for a reason that is not the client's mistake. */
  readonly onFailure?: (error: DaemonError) => void;
  /** Called once, when the socket is closed and the lease disposed. */
  readonly onClosed: () => void;
}

/** What has gone over a connection so far. */
export interface Traffic {
  /** Requests answered. */
  readonly requests: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** A client is served, or told why not. */
export type Admission = { readonly lease: ClientLease } | { readonly refusal: DaemonError };

/** Replies of a batch are joined up to here, so that the next write can go out meanwhile. */
const MAX_JOINED_CHARACTERS = 64 * 1024;

/** After so many requests in a row, or so long, the event loop gets a turn, whether or not any of them had to wait. */
const REQUESTS_PER_TURN = 256;
const TURN_MS = 10;

/** How much of a client's own words goes into an error text or a log line. */
const MAX_ECHO = 64;
const MAX_LOGGED = 200;

export class Connection {
  /** Settles when the socket is closed and the lease disposed. Never rejects. */
  readonly closed: Promise<void>;

  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #lease: ClientLease | undefined;
  /** What requests work with; or why they are answered with an error instead. */
  #service: ClientContext | DaemonError;
  readonly #abort = new AbortController();

  readonly #lines: RequestLines;
  #inputEnded = false;

  /** Not the same as `#running`, which a run that never waits ends before it is assigned. */
  #isRunning = false;
  #running: Promise<void> | undefined;
  #watching: Promise<void> | undefined;
  #replies = '';
  /** Its replies are in the batch. */
  #isBatched = false;
  #requests = 0;
  /** Wakes the loop when the socket has drained, is closed, or is dropped. */
  #wake: (() => void) | undefined;

  /** Starts serving. The socket must have `allowHalfOpen`. */
  constructor(socket: Socket, admission: Admission, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    if ('lease' in admission) {
      this.#lease = admission.lease;
      this.#service = { lease: admission.lease, signal: this.#abort.signal };
    } else {
      this.#service = admission.refusal;
    }
    this.#lines = new RequestLines(socket, {
      limits: options.limits,
      onForeign: (why) => this.reset(why),
      onPaused: () => this.#watch(),
    });

    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => this.#ended());
    socket.on('drain', () => this.#wake?.());
    socket.on('error', (error) => options.log.debug('connection lost', { reason: error.message }));
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve(this.#finish()));
    });
  }

  get traffic(): Traffic {
    return { requests: this.#requests, bytesIn: this.#socket.bytesRead, bytesOut: this.#socket.bytesWritten };
  }

  /**
   * Ends the connection of a client that is alive. What is running ends, what is pending is answered with `reason`,
   * and when the client has had time to read that, the connection is reset. Never FIN: stock clients spin on it.
   */
  async drop(reason: DaemonError): Promise<void> {
    this.#service = reason;
    this.#abort.abort(reason);
    this.#wake?.();
    this.#flush();
    if (this.#isRunning || this.#socket.writableLength > 0) {
      await this.#running;
      // A stock client closes by itself when it has read status 2. One that does not read holds us up no longer than this.
      const { clock, limits } = this.#options;
      const timer = clock.timer(limits.goodbyeMs, () => resetSocket(this.#socket));
      await this.closed;
      timer[Symbol.dispose]();
    } else {
      resetSocket(this.#socket);
      await this.closed;
    }
  }

  #received(chunk: Buffer): void {
    if (this.#socket.destroyed) return;
    if (this.#lines.received(chunk)) this.#pump();
  }

  /** The client will send no more. It may still read (`printf ... | nc -N`), so all its requests are answered. */
  #ended(): void {
    if (this.#socket.destroyed) return;
    this.#inputEnded = true;
    if (!this.#lines.ended()) return;
    this.#pump();
    if (this.#isRunning) this.#watch();
  }

  /**
   * Who has left altogether must not keep its place in a queue, or what it has of the probe, for as long as others keep it
   * waiting.
   */
  #watch(): void {
    this.#watching ??= knock(this.#socket, {
      clock: this.#options.clock,
      over: this.#abort.signal,
      isWaiting: () => this.#lease?.isWaiting === true,
      goesOn: () => this.#isRunning && (this.#inputEnded || this.#socket.isPaused()),
    }).finally(() => (this.#watching = undefined));
  }

  /** For peers that are no clients, or cannot be. Nothing they have sent is run from here on. */
  reset(why: string): void {
    this.#options.log.info('connection reset', { why });
    this.#lines.clear();
    resetSocket(this.#socket);
  }

  #pump(): void {
    if (this.#isRunning || (this.#lines.length === 0 && !this.#inputEnded)) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Answers what is in the backlog, one request after the other, until it is empty. Never rejects. */
  async #run(): Promise<void> {
    const { clock } = this.#options;
    let inARow = 0;
    let turnEnds = clock.now() + TURN_MS;
    for (let line = this.#lines.shift(); line && !this.#socket.destroyed; line = this.#lines.shift()) {
      const request = readEnvelope(line);
      try {
        let result = this.#start(request);
        if (result instanceof Promise) {
          this.#flushSoon(); // nobody's reply waits for somebody else's request
          result = await result;
        }
        this.#reply(request, encodeReply(request.id, result));
      } catch (error) {
        this.#reply(request, this.#encodeFailure(request.id, error));
      }
      if (this.#replies.length > MAX_JOINED_CHARACTERS) this.#flush();
      else if (this.#lines.length === 0) this.#flushSoon();
      if (this.#hasUnreadReplies()) await new Promise<void>((resolve) => (this.#wake = resolve));
      if (++inARow % REQUESTS_PER_TURN === 0 || clock.now() >= turnEnds) {
        await this.#yield();
        turnEnds = clock.now() + TURN_MS;
      }
    }
    this.#isRunning = false;
    if (this.#inputEnded && !this.#socket.destroyed) {
      this.#flush();
      // With `resetOnClose` still on, closing would throw away what the client has not fetched yet.
      this.#options.socketOptions.closeGracefully(this.#socket);
      this.#socket.end();
    }
  }

  /** Runs a request. @returns its result, as a promise only if there is something to wait for */
  #start(request: Envelope | MalformedEnvelope): unknown {
    if (this.#service instanceof DaemonError) throw this.#service;
    if (request.malformed !== undefined) throw new RequestError(request.malformed);
    const call = this.#options.table.find(request.name);
    if (!call) throw new RequestError(`unknown request type: ${request.name.slice(0, MAX_ECHO)}`);
    return call(this.#service, request.args);
  }

  #encodeFailure(id: string, error: unknown): string {
    if (error instanceof DaemonError) {
      if (error.kind !== 'request') this.#options.onFailure?.(error);
      return encodeError(id, statusOfError(error), describeError(error));
    }
    // Our own defect. A failed assertion says that the state cannot be trusted, and ends the process; anything else is
    // this request's misfortune.
    this.#options.log.error('a request failed unexpectedly', { error: error instanceof Error ? error.stack : error });
    if (error instanceof AssertionError) this.#options.crash(error);
    return encodeError(id, GENERAL_ERROR, `internal error: ${describeError(error)}`);
  }

  #reply(request: Envelope | MalformedEnvelope, reply: string): void {
    this.#replies += reply;
    this.#requests++;
    const { log } = this.#options;
    if (!log.isEnabled('debug')) return;
    const name = request.malformed === undefined ? request.name.slice(0, MAX_ECHO) : '(malformed)';
    log.debug('request', { name, reply: reply.slice(0, MAX_LOGGED).trimEnd() });
  }

  /** A client that has sent ahead gets in one write what one turn of the event loop makes for it. */
  #flushSoon(): void {
    if (this.#replies === '' || this.#isBatched) return;
    this.#isBatched = true;
    this.#options.batch.add(this.#flushBatched, this.#lines.length > 0);
  }

  readonly #flushBatched = (): void => {
    this.#isBatched = false;
    this.#flush();
  };

  /** Sends the replies made so far, in one write. */
  #flush(): void {
    const replies = this.#replies;
    this.#replies = '';
    if (replies !== '' && this.#socket.writable) this.#socket.write(replies);
  }

  /** Whether the next request has to wait until the client reads. One that is being dropped is not waited for. */
  #hasUnreadReplies(): boolean {
    const { writableLength, destroyed } = this.#socket;
    return writableLength > this.#options.limits.maxUnreadBytes && !destroyed && !this.#isRefusing();
  }

  #isRefusing(): boolean {
    return this.#service instanceof DaemonError;
  }

  /** Gives the event loop a turn: requests that never wait would keep other clients waiting. */
  #yield(): Promise<void> {
    this.#flush();
    return new Promise((resolve) => this.#options.clock.immediate(resolve));
  }

  async #finish(): Promise<void> {
    this.#abort.abort(new RequestError('the client is gone'));
    this.#lines.clear();
    this.#wake?.();
    await this.#running;
    await this.#watching;
    try {
      await this.#lease?.[Symbol.asyncDispose]();
    } catch (error) {
      this.#options.log.error('a lease could not be given back', { error: describeError(error) });
    }
    this.#options.onClosed();
  }
}
