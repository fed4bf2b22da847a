import type { NumberedEvent } from './daemon-events.js';
import type { EventSource } from './event-history.js';
import type { ServerMessageType } from './messages.js';
import type { Link } from './transport.js';

/** Above this no further event is put into the socket: the backlog is ours to bound and to count. */
const MAX_UNSENT_BYTES = 64 * 1024;

export interface EventStreamOptions {
  readonly link: Link<ServerMessageType>;
  readonly source: EventSource;
  /** Number of the last event that the operator knows; undefined: only new ones. */
  readonly since: number | undefined;
  readonly maxBacklog: number;
}

/** Events for one operator, in order. Who reads too slowly misses the oldest, and is told how many. */
export class EventStream implements Disposable {
  readonly #subscription: Disposable;
  readonly #queue: NumberedEvent[] = [];
  #lost = 0;
  #started = false;

  constructor(private readonly options: EventStreamOptions) {
    const { source, since } = options;
    this.#subscription = source.subscribe((event) => this.#add(event));
    // Numbers past the newest are those of a daemon that is gone: then all that is kept is new.
    if (since !== undefined) this.#replay(since > source.last ? 0 : since);
  }

  /** The reply to the subscription has been sent. */
  start(): void {
    this.#started = true;
    this.flush();
  }

  /** Sends what the socket takes. To be called when it has drained. */
  flush(): void {
    const { link } = this.options;
    while (this.#started && this.#queue.length > 0 && link.unsentBytes < MAX_UNSENT_BYTES) {
      if (this.#lost > 0) link.send('lost', { count: this.#lost });
      this.#lost = 0;
      const event = this.#queue.shift();
      if (event) link.send('event', event);
    }
  }

  [Symbol.dispose](): void {
    this.#subscription[Symbol.dispose]();
    this.#queue.length = 0;
  }

  #replay(since: number): void {
    const kept = this.options.source.since(since);
    this.#lost = (kept.at(0)?.sequence ?? since + 1) - since - 1;
    for (const event of kept) this.#add(event);
  }

  #add(event: NumberedEvent): void {
    this.#queue.push(event);
    if (this.#queue.length > this.options.maxBacklog) {
      this.#queue.shift();
      this.#lost++;
    }
    this.flush();
  }
}
