import type { EventSource } from './event-history.js';
import type { ClientRow, Details, Ports, ProbeRow, Reloaded, Status } from './snapshots.js';

/**
 * All that control commands need of the daemon. It takes uids only: names and prefixes are resolved before, by
 * `resolveProbe`. Whatever it refuses it throws as a `DaemonError` whose message is for the operator; for a setting
 * that the config file sets, too, the message names file and line.
 */
export interface DaemonView {
  readonly version: string;
  readonly pid: number;
  /** Everything `status` shows, as it is now. */
  status(): Status;
  /** Every probe that is known, also absent, ignored and disabled ones, in the order of their ports. */
  probes(): readonly ProbeRow[];
  /** @param uid  of one of `probes()` */
  show(uid: string): Details;
  ports(): Ports;
  readonly events: EventSource;
  /** Why nothing that is changed now outlives the daemon; undefined while it does. */
  readonly unkept: string | undefined;

  /**
   * Reads the config again and applies what differs. Returns when that is done; a bad config changes nothing.
   * @param now  whether probes in use take their new settings at once, to the cost of their clients
   */
  reload(now: boolean, signal: AbortSignal): Promise<Reloaded>;
  /** Looks at the bus again, and at ports that could not be opened. Returns when that is done. */
  rescan(signal: AbortSignal): Promise<void>;
  /**
   * Drops one client of a probe, or all of them.
   * @returns  who was dropped
   * @throws RequestError  if there is no such client
   */
  kick(uid: string, client: number | undefined): Promise<readonly ClientRow[]>;
  /** Kept in the state directory. @throws RequestError where the config file says otherwise */
  setEnabled(uid: string, enabled: boolean): Promise<void>;
  /** @param name  undefined takes it back. Kept in the state directory. @throws RequestError if it is taken, or set by the config file */
  rename(uid: string, name: string | undefined): Promise<void>;
  /** Gives up an absent probe, its port and what `probectl` set for it. @returns the port @throws RequestError while it is plugged in */
  forget(uid: string): Promise<{ readonly port?: number }>;
}
