// The operator's side of the control socket.

import type { Duplex } from 'node:stream';
import { Check } from 'typebox/value';
import { abortReason } from '../base/clock.js';
import { DaemonError, RequestError } from '../base/errors.js';
import { commandNamed, type CommandArguments, type CommandName, type CommandResult } from './commands.js';
import { NUMBERED_EVENT, type NumberedEvent } from './daemon-events.js';
import { defaultControlLimits } from './limits.js';
import {
  type ClientMessageType,
  type ErrorCode,
  LOST,
  PROTOCOL_VERSION,
  REPLY,
  type ReplyMessage,
  type ServerMessageType,
  type WireError,
} from './messages.js';
import { linkOver } from './stream-transport.js';
import { connect, type Link } from './transport.js';

/** No daemon could be reached; `reason` says in which way. */
export class NoDaemonError extends RequestError {
  readonly reason: 'absent' | 'forbidden' | 'broken';

  constructor(
    readonly path: string,
    cause: unknown,
  ) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    super(`no daemon answers on ${path}`, { cause });
    this.reason =
      code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR'
        ? 'absent'
        : code === 'EACCES' || code === 'EPERM'
          ? 'forbidden'
          : 'broken';
  }
}

/** The daemon's answer was an error. */
export class CommandError extends RequestError {
  readonly code: ErrorCode;
  /** What may have been meant, for `no-such-probe` and `ambiguous`. */
  readonly nearest: readonly string[];

  constructor({ code, message, nearest = [] }: WireError) {
    super(message);
    this.code = code;
    this.nearest = nearest;
  }
}

/** The daemon went away, or said what cannot be understood. */
export class ConnectionLostError extends RequestError {}

/** What an operator who asked for events gets. */
export type EventItem =
  { readonly type: 'event'; readonly event: NumberedEvent } | { readonly type: 'lost'; readonly count: number };

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class ControlClient implements AsyncDisposable {
  readonly #waiting = new Map<number, Waiting>();
  readonly #items: EventItem[] = [];
  #wake = (): void => undefined;
  #link: Link<ClientMessageType> | undefined;
  #nextId = 0;
  #over: Error | undefined;

  private constructor() {}

  /** @throws NoDaemonError */
  static async connect(path: string): Promise<ControlClient> {
    const client = new ControlClient();
    try {
      client.#link = await connect(path, defaultControlLimits, {
        onMessage: (type, data) => client.#onMessage(type, data),
        onClose: (cause) => client.#end(new ConnectionLostError('the daemon closed the connection', { cause })),
      });
    } catch (cause) {
      throw new NoDaemonError(path, cause);
    }
    return client;
  }

  /** Speaks over a stream that is connected, or will be: what is wrong with it is told by `call`. */
  static over(stream: Duplex): ControlClient {
    const client = new ControlClient();
    client.#link = linkOver(stream, defaultControlLimits, {
      onMessage: (type, data) => client.#onMessage(type, data),
      // Who made the stream knows best what became of it.
      onClose: (cause) =>
        client.#end(
          cause instanceof DaemonError ? cause : new ConnectionLostError('the daemon closed the connection', { cause }),
        ),
    });
    return client;
  }

  /**
   * Runs a command.
   * @param signal  stops us from waiting; the command may be carried out all the same
   * @throws CommandError         what the daemon says against it
   * @throws ConnectionLostError  without an answer
   */
  async call<N extends CommandName>(
    command: N,
    args: CommandArguments<N>,
    signal?: AbortSignal,
  ): Promise<CommandResult<N>> {
    const result = await this.#request(command, args, signal);
    if (isResultOf(command, result)) return result;
    throw new ConnectionLostError(
      `the daemon's answer to ${command} is not understood: install probed and probectl of the same version`,
    );
  }

  /** The events that `call('events', …)` asked for, until the connection ends. @throws ConnectionLostError */
  async *events(signal: AbortSignal): AsyncGenerator<EventItem, void> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        const item = this.#items.shift();
        if (item) yield item;
        else if (signal.aborted) return;
        else if (this.#over) throw this.#over;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end(new ConnectionLostError('the connection was closed'));
    this.#link?.close();
  }

  async #request(command: string, args: object, signal: AbortSignal | undefined): Promise<unknown> {
    if (this.#over) throw this.#over;
    if (signal?.aborted) throw abortReason(signal);
    const id = this.#nextId++;
    const answered = new AbortController();
    const answer = new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      signal?.addEventListener('abort', () => reject(abortReason(signal)), { signal: answered.signal });
    });
    this.#link?.send('request', { protocol: PROTOCOL_VERSION, id, command, arguments: args });
    try {
      return await answer;
    } finally {
      this.#waiting.delete(id);
      answered.abort();
    }
  }

  #onMessage(type: ServerMessageType, data: unknown): void {
    switch (type) {
      case 'reply':
        if (Check(REPLY, data)) this.#settle(data);
        break;
      case 'event':
        // An event of a kind that a newer daemon has is none for us; its number tells that there was one.
        if (Check(NUMBERED_EVENT, data)) this.#items.push({ type, event: data });
        break;
      case 'lost':
        if (Check(LOST, data)) this.#items.push({ type, count: data.count });
        break;
    }
    this.#wake();
  }

  #settle(reply: ReplyMessage): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new CommandError(reply.error));
    else waiting?.resolve(reply.result);
  }

  #end(error: Error): void {
    this.#over ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#over);
    this.#waiting.clear();
    this.#wake();
  }
}

function isResultOf<N extends CommandName>(command: N, value: unknown): value is CommandResult<N> {
  const { schema } = commandNamed(command).result;
  return schema !== undefined && Check(schema, value);
}
