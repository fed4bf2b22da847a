import type { AssertionError } from 'node:assert';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { SocketOptions } from '../platform/socket-options.js';
import type { ProbeRequestTable } from '../server/probe-requests.js';
import type { AccessPolicy } from './access-policy.js';
import type { Reservations } from './reservations.js';

/** What all servers of the daemon share. */
export interface ServerServices {
  readonly clock: Clock;
  readonly log: Logger;
  readonly socketOptions: SocketOptions;
  readonly access: Pick<AccessPolicy, 'forProbe' | 'configure'>;
  readonly reservations: Reservations;
  readonly table: ProbeRequestTable;
  /** Counts up over the life of the daemon. */
  readonly newClientId: () => number;
  /** Ends the process: called when an assertion has failed. */
  readonly crash: (error: AssertionError) => void;
}
