/** What operators may cost. Reaching a limit harms nobody but who reached it. */
export interface ControlLimits {
  /** Connections at a time. One more, and the one that has been idle longest is closed. */
  readonly maxConnections: number;
  /** One message, either way. A longer one ends the connection. */
  readonly maxMessageBytes: number;
  /** How long a message may take to arrive once it has begun. */
  readonly messageTimeoutMs: number;
  /** Requests of one connection that wait. One more ends the connection. */
  readonly maxQueuedRequests: number;
  /** Replies that have not been read. Above it no further request is started. */
  readonly maxUnreadBytes: number;
  /** What may be unsent on one connection at all. More ends it. */
  readonly maxPendingBytes: number;
  /** How long a connection may do nothing. One that gets events may be silent. */
  readonly idleTimeoutMs: number;
  /** Events kept for an operator who does not read. Older ones are dropped, and counted. */
  readonly maxEventBacklog: number;
}

export const defaultControlLimits: ControlLimits = {
  maxConnections: 64,
  maxMessageBytes: 1024 * 1024,
  messageTimeoutMs: 5000,
  maxQueuedRequests: 64,
  maxUnreadBytes: 1024 * 1024,
  maxPendingBytes: 8 * 1024 * 1024,
  idleTimeoutMs: 30_000,
  maxEventBacklog: 1000,
};
