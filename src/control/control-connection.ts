import type { ValidateFunction } from 'ajv';
import type { Clock } from '../base/clock.js';
import { describeError, RequestError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { didYouMean, nearest } from '../base/nearest.js';
import type { RequestTable } from '../jsonl/request-table.js';
import type { CommandContext } from './command.js';
import type { DaemonView } from './daemon-view.js';
import { EventStream } from './event-stream.js';
import type { ControlLimits } from './limits.js';
import { PROTOCOL_VERSION, type RequestMessage, type ServerMessageType, type WireError } from './messages.js';
import type { Link, LinkHandlers } from './transport.js';
import { toWireError } from './wire-error.js';

export interface ConnectionContext {
  readonly table: RequestTable<CommandContext>;
  readonly isRequest: ValidateFunction<RequestMessage>;
  readonly daemon: DaemonView;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: ControlLimits;
}

/** One operator: requests one at a time, in order; events, if asked for. Nothing a peer or a handler does throws. */
export class ControlConnection implements LinkHandlers {
  readonly #queue: unknown[] = [];
  #running = false;
  #isGone = false;
  #events: EventStream | undefined;
  #idleTimer: Disposable;
  #lastUsed: number;

  constructor(
    private readonly link: Link<ServerMessageType>,
    private readonly context: ConnectionContext,
    /** Who is at the other end. Never rejects. */
    private readonly operator: Promise<string | undefined>,
    private readonly onGone: (connection: ControlConnection) => void,
  ) {
    this.#lastUsed = context.clock.now();
    this.#idleTimer = this.#watchIdle(context.limits.idleTimeoutMs);
  }

  /** How little it hurts to close this connection: 0 the least. */
  get importance(): number {
    return this.#running ? 2 : this.#events ? 1 : 0;
  }

  /** When it last did something, on the clock. */
  get lastUsed(): number {
    return this.#lastUsed;
  }

  onMessage(data: unknown): void {
    this.#queue.push(data);
    if (this.#queue.length > this.context.limits.maxQueuedRequests) {
      this.context.log.debug('control connection closed', { reason: 'too many requests at once' });
      this.link.close();
      return;
    }
    this.#runNext();
  }

  onDrain(): void {
    this.#lastUsed = this.context.clock.now();
    this.#events?.flush();
    this.#runNext();
  }

  onClose(): void {
    this.#queue.length = 0;
    this.#idleTimer[Symbol.dispose]();
    this.#events?.[Symbol.dispose]();
    this.#isGone = true;
    this.onGone(this);
  }

  close(): void {
    this.link.close();
  }

  #runNext(): void {
    if (this.#running || this.#queue.length === 0) return;
    // Who does not read gets no more to read.
    if (this.link.unsentBytes > this.context.limits.maxUnreadBytes) return;
    this.#running = true;
    this.#answer(this.#queue.shift())
      .catch((error: unknown) => this.context.log.error('control reply failed', { error: describeError(error) }))
      .finally(() => {
        this.#running = false;
        this.#lastUsed = this.context.clock.now();
        this.#runNext();
      });
  }

  async #answer(message: unknown): Promise<void> {
    const { isRequest, log } = this.context;
    if (!isRequest(message)) {
      this.#refuse(idOf(message), { code: 'protocol', message: 'a request has protocol, id and command' });
      return;
    }
    const { id, command } = message;
    try {
      const result = await this.#run(message);
      log.debug('control request', { command });
      if (!this.link.send('reply', { id, result }) && !this.#isGone) {
        this.#refuse(id, { code: 'failed', message: `${command}: the answer is too long` });
      }
    } catch (error) {
      const wire = toWireError(error);
      if (wire.code === 'internal') log.error('control request failed', { command, error: describeError(error) });
      else log.debug('control request refused', { command, error: wire.message });
      this.#refuse(id, wire);
    }
    this.#events?.start();
  }

  #run({ protocol, command, arguments: given = {} }: RequestMessage): unknown {
    const { table, daemon, limits } = this.context;
    if (protocol !== PROTOCOL_VERSION) {
      throw new RequestError(
        `the daemon speaks version ${PROTOCOL_VERSION} of the control protocol, not ${protocol}: ` +
          'install probed and probectl of the same version',
      );
    }
    const call = table.find(command);
    if (!call) {
      const names = table.requests.map(({ name }) => name);
      const guess = didYouMean(nearest(command, names));
      const hint = guess === undefined ? '' : `: ${guess}`;
      throw new RequestError(`probed ${daemon.version} has no command ${JSON.stringify(command)}${hint}`);
    }
    return call(
      {
        daemon,
        operator: this.operator,
        streamEvents: (since) => {
          this.#events?.[Symbol.dispose]();
          const maxBacklog = limits.maxEventBacklog;
          this.#events = new EventStream({ link: this.link, source: daemon.events, since, maxBacklog });
        },
      },
      given,
    );
  }

  #refuse(id: number, error: WireError): void {
    this.link.send('reply', { id, error });
  }

  #watchIdle(delayMs: number): Disposable {
    return this.context.clock.timer(delayMs, () => {
      const { clock, limits, log } = this.context;
      // A subscriber may be silent; who lets replies or events lie unread is not busy but dead.
      const isWaiting = this.#running || (this.#events !== undefined && this.link.unsentBytes === 0);
      if (isWaiting) this.#lastUsed = clock.now();
      const remainingMs = this.#lastUsed + limits.idleTimeoutMs - clock.now();
      if (remainingMs > 0) {
        this.#idleTimer = this.#watchIdle(remainingMs);
        return;
      }
      log.debug('control connection closed', { reason: 'idle' });
      this.link.close();
    });
  }
}

function idOf(message: unknown): number {
  const id = typeof message === 'object' && message !== null && 'id' in message ? message.id : undefined;
  return Number.isSafeInteger(id) ? Number(id) : -1;
}
