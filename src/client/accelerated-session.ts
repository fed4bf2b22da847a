// One stock client on one connection to the server of a probe: answers at once what can be, and sends everything on in
// the order it came.

import type { Socket } from 'node:net';
import { abortAfter, type Clock } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import { resetSocket } from '../base/reset-socket.js';
import { encodeError, encodeReply } from '../jsonl/encode-reply.js';
import { knock } from '../jsonl/knock.js';
import { LineSplitter } from '../jsonl/line-splitter.js';
import { type Envelope, type MalformedEnvelope, readEnvelope } from '../protocol/envelope.js';
import { isHttpRequestLine, isTlsHandshake } from '../protocol/foreign-protocol.js';
import { statusOf } from '../protocol/status.js';
import { BusyPoll } from './busy-poll.js';
import type { ProbeEndpoint } from './endpoint.js';
import { Prodder } from './prodder.js';
import { PropertyMemory } from './property-memory.js';
import { RequestPolicy } from './request-policy.js';
import { type Reply, RequestStream } from './request-stream.js';

export interface SessionOptions {
  readonly endpoint: ProbeEndpoint;
  readonly clock: Clock;
  /** Lets a socket that would be reset when it is closed deliver what was written. */
  readonly closeGracefully: (socket: Socket) => void;
  /** False: every request waits, as without this helper. */
  readonly pipelining: boolean;
  /** Whether the server may be one that holds replies back. See `Prodder`. */
  readonly prods: boolean;
  readonly onClosed: (session: AcceleratedSession) => void;
}

/** A reply that goes out when those before it have. */
interface Slot {
  readonly id: string;
  text: string | undefined;
}

/** An error of a request that has been answered with success. */
interface LateError {
  readonly request: string;
  readonly reply: Reply;
}

/** As the server's own: `maxLineBytes`. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;
/** Requests that are posted, and bytes that have not left. From there on requests wait, and for the latter the client is not read. */
const MAX_POSTED = 1000;
const MAX_UNSENT_BYTES = 1024 * 1024;
/** Replies to one client that wait for their turn, and bytes it has not read. From there on it is not read. */
const MAX_SLOTS = 1000;
const MAX_UNREAD_BYTES = 1024 * 1024;
/** How long a client that is being dropped has to read its last reply. */
const GOODBYE_MS = 250;
/** How long the server has to do what a client that is gone was told to be done. */
const FINISH_MS = 5000;

export class AcceleratedSession {
  /** Settles when both connections are closed. Never rejects. */
  readonly closed: Promise<void>;

  readonly #client: Socket;
  readonly #options: SessionOptions;
  readonly #abort = new AbortController();
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES, (line) => this.#lineArrived(line));
  readonly #policy = new RequestPolicy();
  readonly #properties = new PropertyMemory();
  readonly #poll: BusyPoll;
  readonly #slots: Slot[] = [];
  #server: RequestStream | undefined;
  #prodder: Prodder | undefined;
  #lateError: LateError | undefined;
  /** Why there is nobody who could answer. */
  #dead: Error | undefined;
  #goodbye: Disposable | undefined;
  /** Requests that were answered with success and are not known to be done. */
  #promised = 0;
  #sawLine = false;
  #inputEnded = false;
  #watching: Promise<void> | undefined;

  /** @param client  that nothing has been read from, with `allowHalfOpen` */
  constructor(client: Socket, options: SessionOptions) {
    this.#client = client;
    this.#options = options;
    this.#poll = new BusyPoll(options.clock);
    client.on('error', () => undefined); // 'close' comes after it
    const clientClosed = new Promise<void>((resolve) => {
      client.once('close', () => {
        this.#abort.abort();
        resolve();
      });
    });
    this.closed = this.#run(clientClosed);
  }

  /** Ends the session: what the client waits for, or asks next, is answered with status 2, and it is reset. */
  drop(reason: Error): void {
    this.#abort.abort(reason);
    this.#die(reason);
    if (!this.#goodbye) resetSocket(this.#client);
  }

  async #run(clientClosed: Promise<void>): Promise<void> {
    const { endpoint, clock } = this.#options;
    try {
      const stream = await endpoint.open(this.#abort.signal);
      this.#serve(new RequestStream(stream, endpoint.name, () => this.#throttle()));
    } catch (cause) {
      this.#die(new Error(`cannot reach ${endpoint.name}`, { cause }));
    }
    this.#listen();
    await clientClosed;
    await this.#watching;
    this.#prodder?.[Symbol.dispose]();
    this.#poll[Symbol.dispose]();
    using patience = abortAfter(FINISH_MS, clock);
    // Nobody is there for what only waits, such as an `open` in a queue: it must not keep its place.
    if (this.#promised === 0 && this.#slots.some(({ text }) => text === undefined)) this.#server?.close();
    await this.#server?.finish(patience.signal);
    this.#goodbye?.[Symbol.dispose]();
    this.#options.onClosed(this);
  }

  #serve(server: RequestStream): void {
    this.#server = server;
    if (this.#options.prods) this.#prodder = new Prodder(server, this.#options.clock);
    server.lost.addEventListener('abort', () => this.#die(server.lost.reason as Error));
  }

  #listen(): void {
    const client = this.#client;
    let firstBytes: Buffer | undefined = Buffer.alloc(0);
    client.on('data', (chunk: Buffer) => {
      if (firstBytes) {
        firstBytes = Buffer.concat([firstBytes, chunk.subarray(0, 2)]);
        if (isTlsHandshake(firstBytes)) resetSocket(client);
        if (firstBytes.length >= 2) firstBytes = undefined;
      }
      if (!client.destroyed && !this.#splitter.push(chunk)) resetSocket(client);
    });
    client.on('end', () => {
      this.#inputEnded = true;
      if (!this.#splitter.end()) resetSocket(client);
      this.#sendReplies();
      // Who has left altogether must not keep its place in a queue.
      const isWaiting = (): boolean => this.#slots.length > 0;
      const over = this.#abort.signal;
      this.#watching = knock(client, { clock: this.#options.clock, over, isWaiting, goesOn: isWaiting });
    });
    client.on('drain', () => this.#throttle());
    client.resume();
  }

  #lineArrived(line: Buffer): void {
    if (this.#client.destroyed) return;
    // A web page must not reach a board through the body of a request to this port.
    if (!this.#sawLine && isHttpRequestLine(line)) resetSocket(this.#client);
    else this.#requestArrived(line, readEnvelope(line));
    this.#sawLine = true;
  }

  #requestArrived(line: Buffer, request: Envelope | MalformedEnvelope): void {
    const slot: Slot = { id: request.id, text: undefined };
    this.#slots.push(slot);
    if (!this.#server || this.#dead) this.#refuse(slot);
    else this.#sendOn(line, request, slot, this.#server);
    this.#sendReplies();
  }

  #sendOn(line: Buffer, request: Envelope | MalformedEnvelope, slot: Slot, server: RequestStream): void {
    const name = request.malformed === undefined ? request.name : '';
    const policy = this.#options.pipelining ? this.#policy.policyOf(request) : 'waits';
    if (policy === 'remembered' && request.malformed === undefined) {
      const property = String(request.args[0]);
      this.#prodder?.waits();
      if (this.#properties.tell(property, (reply) => this.#answer(slot, name, retold(slot.id, reply)))) return;
      const tell = this.#properties.asked(property);
      this.#ask(line, server, (reply) => {
        tell(reply);
        this.#answer(slot, name, reply);
      });
      return;
    }
    if (policy === 'quiet' || (policy === 'posted' && !this.#lateError && this.#hasRoom(server))) {
      slot.text = encodeReply(slot.id, undefined);
      this.#promised++;
      server.send(line, (reply) => {
        this.#promised--;
        if (reply.status !== 0) this.#failedLate({ request: name, reply });
      });
      return;
    }
    this.#properties.forgetPassing();
    if (name === 'open' || name === 'close') this.#properties.forgetAll();
    this.#prodder?.waits();
    this.#ask(line, server, (reply) => this.#answer(slot, name, reply));
    if (policy === 'waits' && this.#options.pipelining) this.#askAhead(name, server);
  }

  /** Sends what the client waits for. */
  #ask(line: Buffer, server: RequestStream, answered: (reply: Reply) => void): void {
    server.send(line, (reply) => {
      answered(reply);
      this.#poll.answered();
    });
    this.#poll.waits();
  }

  /** What stock clients ask next comes back with the same round trip. */
  #askAhead(name: string, server: RequestStream): void {
    const wanted = { open: ['capabilities', 'supported_wire_protocols', 'wire_protocol'], connect: ['wire_protocol'] };
    for (const property of name === 'open' || name === 'connect' ? wanted[name] : []) {
      server.send(`{"id": 0, "request": "readprop", "arguments": ["${property}"]}`, this.#properties.asked(property));
    }
  }

  /** An error that nobody has been told of goes before the reply. */
  #answer(slot: Slot, name: string, reply: Reply): void {
    this.#prodder?.answered();
    if (reply.status !== 0 && name !== 'readprop') this.#properties.forgetAll();
    const late = this.#lateError;
    this.#lateError = undefined;
    slot.text = late
      ? encodeError(slot.id, late.reply.status, `from an earlier ${late.request}: ${String(late.reply.error)}`)
      : `${reply.line.toString('utf8')}\n`;
    this.#sendReplies();
  }

  /** The first of several: those after it may be only its consequence. */
  #failedLate(error: LateError): void {
    this.#properties.forgetAll();
    this.#lateError ??= error;
  }

  #hasRoom(server: RequestStream): boolean {
    return server.unanswered < MAX_POSTED && server.unsentBytes < MAX_UNSENT_BYTES;
  }

  #die(reason: Error): void {
    this.#dead ??= reason;
    this.#prodder?.[Symbol.dispose]();
    this.#poll[Symbol.dispose]();
    for (const slot of this.#slots) if (slot.text === undefined) this.#refuse(slot);
    this.#sendReplies();
  }

  /** Then RST, and never FIN: a stock client that sees FIN waits for ever. It has a moment to read why. */
  #refuse(slot: Slot): void {
    slot.text = encodeError(slot.id, statusOf.disconnected, describeError(this.#dead));
    this.#goodbye ??= this.#options.clock.timer(GOODBYE_MS, () => resetSocket(this.#client));
  }

  #sendReplies(): void {
    const waiting = this.#slots.findIndex(({ text }) => text === undefined);
    const ready = this.#slots.splice(0, waiting < 0 ? this.#slots.length : waiting);
    if (ready.length > 0 && this.#client.writable) this.#client.write(ready.map(({ text }) => text).join(''));
    this.#throttle();
    if (this.#inputEnded && this.#slots.length === 0 && !this.#client.destroyed) {
      this.#options.closeGracefully(this.#client);
      this.#client.end();
    }
  }

  #throttle(): void {
    // Where there is no server any more, the client is read to be told so.
    const isStuck = !this.#dead && (this.#server?.unsentBytes ?? 0) > MAX_UNSENT_BYTES;
    if (this.#slots.length >= MAX_SLOTS || isStuck) this.#client.pause();
    else if (this.#client.isPaused()) this.#client.resume();
    if (this.#client.writableLength > MAX_UNREAD_BYTES) this.#server?.pause();
    else this.#server?.resume();
  }
}

/** What was said to another request, for this one. */
function retold(id: string, reply: Reply): Reply {
  const text = reply.status === 0 ? encodeReply(id, reply.result) : encodeError(id, reply.status, String(reply.error));
  return { ...reply, line: Buffer.from(text.trimEnd()) };
}
