import type { DaemonError } from '../base/errors.js';
import type { Endpoint } from '../platform/socket-owners.js';

/** Finds out who a client is, and whether it may come in. */
export interface ClientAccess {
  /**
   * Asked first, before a byte of a connection is read.
   *
   * @param peer  the client's end; IPv4 addresses as such
   * @param own   our end
   */
  screen(peer: Endpoint, own: Endpoint): Screening;

  /** Asked once for each connection that was not screened out, before anything it has sent is looked at. Never rejects. */
  check(peer: Endpoint, own: Endpoint): Promise<AccessVerdict>;
}

/** Where a connection comes from, as far as its addresses tell. */
export type Screening =
  | { readonly from: 'this-machine' }
  | { readonly from: 'other-machine' }
  | {
      /** A machine that may not connect. */
      readonly from: 'stranger';
      readonly refusal: DaemonError;
      /** Whether it hears why, as the answer to whatever it requests; else its connection is reset. */
      readonly isTold: boolean;
    };

export interface AccessVerdict {
  /** "user:ada", "uid:1000" for a local user without a name, or "addr:192.0.2.7". */
  readonly principal: string;
  /** Why it may not come in. It is told so at its first request, and served no further. */
  readonly refusal?: DaemonError;
}
