import type { DaemonError } from '../base/errors.js';
import type { Endpoint } from '../platform/socket-owners.js';

/** Finds out who a client is, and whether it may come in. */
export interface ClientAccess {
  /**
   * Asked once for each connection, before anything it has sent is looked at. Never rejects.
   *
   * @param peer  the client's end; IPv4 addresses as such
   * @param own   our end
   */
  check(peer: Endpoint, own: Endpoint): Promise<AccessVerdict>;
}

export interface AccessVerdict {
  /** "user:ada", "uid:1000" for a local user without a name, or "addr:192.0.2.7". */
  readonly principal: string;
  /** Why it may not come in. It is told so at its first request, and served no further. */
  readonly refusal?: DaemonError;
}
