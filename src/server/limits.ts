/** What one client may cost. Reaching a limit never harms another client. */
export interface ServerLimits {
  /** Clients of one probe at a time. As many again are told so and served no further; the rest are reset. */
  readonly maxClients: number;
  /** Clients of one probe that one address of another machine may have. More are told, or reset, in the same way. */
  readonly maxClientsPerAddress: number;
  /** One request line. A longer one ends the connection. */
  readonly maxLineBytes: number;
  /** Requests read ahead, in bytes and number. At either the socket is not read until some are done. */
  readonly maxBacklogBytes: number;
  readonly maxBacklogRequests: number;
  /** Replies the client has not read. Above it no further request is started. */
  readonly maxUnreadBytes: number;
  /** How long a peer may be silent on the network, with and without data in flight, until it is taken for dead. */
  readonly clientTimeoutMs: number;
  /** How long a client that is being dropped has to read its last replies before it is reset. */
  readonly goodbyeMs: number;
}

export const defaultLimits: ServerLimits = {
  maxClients: 32,
  maxClientsPerAddress: 24,
  maxLineBytes: 8 * 1024 * 1024,
  maxBacklogBytes: 1024 * 1024,
  maxBacklogRequests: 1024,
  maxUnreadBytes: 1024 * 1024,
  clientTimeoutMs: 15_000,
  goodbyeMs: 250,
};
