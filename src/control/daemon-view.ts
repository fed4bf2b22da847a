import type { EventSource } from './event-history.js';
import type { ClientRow, Details, Ports, ProbeRow, Reloaded, ReservationRow, Status } from './snapshots.js';

/** What operators change and the daemon keeps over a restart. */
export type Kept = 'settings' | 'reservations';

/** Which clients of a probe to drop; all if nothing is said. */
export interface KickedClients {
  readonly client?: number;
  readonly principal?: string;
}

export interface ReservationWish {
  /** "user:ada", "uid:1000", "addr:192.0.2.7" */
  readonly principal: string;
  readonly lengthMs: number;
  readonly reason?: string;
}

export interface Reserved {
  readonly reservation: ReservationRow;
  readonly others: readonly ClientRow[];
}

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
  /** Why nothing of that kind that is changed now outlives the daemon; undefined while it does. */
  unkept(what: Kept): string | undefined;

  /**
   * Reads the config again and applies what differs. Returns when that is done; a bad config changes nothing.
   * @param now  whether probes in use take their new settings at once, to the cost of their clients
   * @param by   as for `kick`
   */
  reload(now: boolean, by: string | undefined): Promise<Reloaded>;
  /** Looks at the bus again, and at ports that could not be opened. Returns when that is done. */
  rescan(): Promise<void>;
  /**
   * Drops one client of a probe, those of one principal, or all of them.
   * @param by  who asks for it, where that is known: "user:ada"
   * @returns   who was dropped
   * @throws RequestError  if there is no such client
   */
  kick(uid: string, which: KickedClients, by: string | undefined): Promise<readonly ClientRow[]>;
  /**
   * Lets in only the clients of one principal, for a while. Kept in the state directory.
   * @returns  the reservation, and the clients of others that stay in until they close
   * @throws RequestError  if it is reserved already, or for too long
   */
  reserve(uid: string, wish: ReservationWish, by: string | undefined): Promise<Reserved>;
  /** @throws RequestError  if it is not reserved, or would be for too long */
  extend(uid: string, byMs: number, by: string | undefined): Promise<ReservationRow>;
  /** @returns the reservation that is ended @throws RequestError  if there is none */
  release(uid: string, by: string | undefined): Promise<ReservationRow>;
  /** Kept in the state directory. @throws RequestError where the config file says otherwise */
  setEnabled(uid: string, enabled: boolean, by: string | undefined): Promise<void>;
  /** @param name  undefined takes it back. Kept in the state directory. @throws RequestError if it is taken, or set by the config file */
  rename(uid: string, name: string | undefined, by: string | undefined): Promise<void>;
  /** Gives up an absent probe, its port and what `probectl` set for it. @returns the port @throws RequestError while it is plugged in */
  forget(uid: string, by: string | undefined): Promise<{ readonly port?: number }>;
}
