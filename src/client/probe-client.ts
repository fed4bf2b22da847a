// A client of one served probe: what a program uses in place of pyOCD.

import { type Clock, sleep, systemClock } from '../base/clock.js';
import { never } from '../base/never.js';
import { encodeJson } from '../jsonl/encode-json.js';
import { fits } from '../jsonl/schema.js';
import {
  type ProbeRequestArguments,
  type ProbeRequestName,
  type ProbeRequestResult,
  requestNamed,
} from '../protocol/request-names.js';
import { PROTOCOL_VERSION } from '../protocol/session.js';
import { type ProbeEndpoint, tcpEndpoint } from './endpoint.js';
import { ProbeConnectionLostError, replyError } from './errors.js';
import { type Reply, RequestStream } from './request-stream.js';

export interface ConnectOptions {
  /** A name or an address; "localhost" if left out. */
  readonly host?: string;
  /** 5555 if left out. */
  readonly port?: number;
  /** Another way to the probe than TCP; then `host` and `port` are not looked at. */
  readonly endpoint?: ProbeEndpoint;
  /** Stops connecting, up to the reply to `hello`; then it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/** pyOCD: session option probeserver.port. */
const DEFAULT_PORT = 5555;
/** From attempt to attempt it doubles. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;

/**
 * Connects to a served probe and greets it.
 * @throws ProbeConnectionLostError  if nobody answers there, or somebody else
 * @throws RefusedError              if it speaks another version of the protocol
 */
export async function connectProbe(options: ConnectOptions = {}): Promise<ProbeClient> {
  const { host = 'localhost', port = DEFAULT_PORT, signal = never, clock = systemClock } = options;
  const endpoint = options.endpoint ?? tcpEndpoint({ host, port });
  const client = new ProbeClient(endpoint, await openStream(endpoint, signal), clock);
  await client.greet(signal);
  return client;
}

/**
 * Sends requests of docs/protocol.md, typed. A request is sent at once, whether or not those before it are answered, and
 * they are run in order: whoever does not await each of them does not wait for the network each time.
 */
export class ProbeClient implements AsyncDisposable {
  readonly #endpoint: ProbeEndpoint;
  readonly #clock: Clock;
  #stream: RequestStream;
  #nextId = 0;

  /** Use `connectProbe`. */
  constructor(endpoint: ProbeEndpoint, stream: RequestStream, clock: Clock) {
    this.#endpoint = endpoint;
    this.#stream = stream;
    this.#clock = clock;
  }

  /** Aborts when the connection is lost. After `reconnect` there is a new one. */
  get lost(): AbortSignal {
    return this.#stream.lost;
  }

  /**
   * @throws ReplyError                what the server says against it; the class tells what it is about
   * @throws ProbeConnectionLostError  without an answer: it may have been done, or not
   */
  request<N extends ProbeRequestName>(name: N, ...args: ProbeRequestArguments<N>): Promise<ProbeRequestResult<N>> {
    const line = encodeJson({ id: this.#nextId++, request: name, ...(args.length > 0 && { arguments: args }) });
    return new Promise((resolve, reject) => {
      const answered = (reply: Reply): void => {
        if (reply.status !== 0) reject(replyError(name, reply.status, String(reply.error)));
        else if (isResultOf(name, reply.result)) resolve(reply.result);
        else reject(replyError(name, reply.status, `${this.#endpoint.name} answers what does not fit`));
      };
      this.#stream.send(line, answered, reject);
    });
  }

  /**
   * Connects anew, as often as it takes. What the old connection had is gone with it: opens, connects, the lock, and
   * what was written to SELECT.
   * @param signal  gives up; then it rejects with the signal's reason
   */
  async reconnect(signal: AbortSignal = never): Promise<void> {
    this.#stream.close();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        this.#stream = await openStream(this.#endpoint, signal);
        await this.greet(signal);
        return;
      } catch (error) {
        if (!(error instanceof ProbeConnectionLostError)) throw error;
        await sleep(this.#clock, pauseMs, signal);
      }
    }
  }

  /** @param signal  gives up on a server that does not answer */
  async greet(signal: AbortSignal): Promise<void> {
    const greeted = new AbortController();
    signal.addEventListener('abort', () => this.#stream.close(), { signal: greeted.signal });
    try {
      signal.throwIfAborted();
      await this.request('hello', PROTOCOL_VERSION);
    } catch (error) {
      this.#stream.close();
      signal.throwIfAborted();
      throw error;
    } finally {
      greeted.abort();
    }
  }

  /** Ends the connection when everything that was asked is answered; the server gives back what the client had. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream.finish(never);
  }
}

async function openStream(endpoint: ProbeEndpoint, signal: AbortSignal): Promise<RequestStream> {
  try {
    return new RequestStream(await endpoint.open(signal), endpoint.name);
  } catch (cause) {
    signal.throwIfAborted();
    throw new ProbeConnectionLostError(`cannot connect to ${endpoint.name}`, { cause });
  }
}

function isResultOf<N extends ProbeRequestName>(name: N, result: unknown): result is ProbeRequestResult<N> {
  const declared = requestNamed(name)?.result;
  if (result === undefined) return declared?.optional === true;
  return declared?.schema !== undefined && fits(declared.schema, result);
}
