// The daemon as its operators see it: what the control commands ask for and change.

import { describeError, RequestError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { keysChanged, keysForNextStart } from '../config/changed-keys.js';
import { ConfigError, UsageError } from '../config/config-error.js';
import type { Config } from '../config/config.js';
import { fixedPorts, settingSource } from '../config/probe-policy.js';
import type { DaemonView, Kept, KickedClients, ReservationWish, Reserved } from '../control/daemon-view.js';
import type { EventHistory } from '../control/event-history.js';
import { probeWords } from '../control/probe-words.js';
import type { ClientRow, Details, Ports, ProbeRow, Reloaded, ReservationRow, Status } from '../control/snapshots.js';
import { ProbeDisconnectedError } from '../probe/errors.js';
import { clientRows, reservationRow } from './client-rows.js';
import type { LocalAccess } from './local-access.js';
import { normalPrincipal } from './principal.js';
import type { ProbeEntry } from './probe-entry.js';
import { Snapshots, type SnapshotSources } from './snapshots.js';

export interface DaemonOptions extends SnapshotSources {
  readonly local: Pick<LocalAccess, 'problem' | 'look'>;
  readonly events: EventHistory;
  readonly log: Logger;
  readonly users: {
    isUser(name: string): Promise<boolean>;
    nameOf(uid: number): Promise<string | undefined>;
  };
  /** Reads the config anew, as at the start. @throws ConfigError, UsageError */
  readonly loadConfig: () => Config;
  /** Called with a config that has been applied, for what is not the supervisor's. */
  readonly onConfigured: (config: Config) => void;
}

export class Daemon implements DaemonView {
  readonly #snapshots: Snapshots;
  readonly #startConfig: Config;

  constructor(private readonly options: DaemonOptions) {
    this.#snapshots = new Snapshots(options);
    this.#startConfig = options.supervisor.config;
  }

  get version(): string {
    return this.options.version;
  }

  get pid(): number {
    return this.options.pid;
  }

  get events(): EventHistory {
    return this.options.events;
  }

  unkept(what: Kept): string | undefined {
    const { problem } = what === 'settings' ? this.options.book : this.options.reservations;
    return problem && describeError(problem);
  }

  status(): Status {
    return this.#snapshots.status();
  }

  probes(): readonly ProbeRow[] {
    return this.#snapshots.probes();
  }

  show(uid: string): Details {
    return this.#snapshots.show(uid);
  }

  ports(): Ports {
    return this.#snapshots.ports();
  }

  async reload(now: boolean, by?: string): Promise<Reloaded> {
    const { supervisor, events, log, local, loadConfig, onConfigured } = this.options;
    let config: Config;
    try {
      config = loadConfig();
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
      const complaints = error.message.split('\n');
      events.add({ type: 'reloaded', applied: false, changed: [], settings: [], ...asked(by) });
      for (const complaint of complaints) log.error('config not reloaded', { complaint, by });
      return { applied: false, complaints };
    }
    const settings = [...keysChanged(supervisor.config, config)];
    const before = new Map(supervisor.entries.map((entry) => [entry.uid, this.#fingerprint(entry)]));
    await supervisor.configure(config, now);
    onConfigured(config);
    await local.look();
    const changed = supervisor.entries.filter((entry) => before.get(entry.uid) !== this.#fingerprint(entry));
    const waiting = supervisor.entries.filter(({ isWaiting }) => isWaiting).map(({ uid }) => uid);
    const uids = [...new Set([...changed.map(({ uid }) => uid), ...waiting])];
    events.add({ type: 'reloaded', applied: true, changed: uids, settings, ...asked(by) });
    const nextStart = keysForNextStart(this.#startConfig, config);
    log.info('config reloaded', { changed: uids, settings, waiting, nextStart, by });
    const problems = local.problem ? [local.problem] : [];
    return { applied: true, changed: uids, settings, waiting, nextStart: [...nextStart], problems };
  }

  async rescan(): Promise<void> {
    await Promise.all([this.options.supervisor.reconcile(), this.options.local.look()]);
  }

  async kick(uid: string, which: KickedClients, by: string | undefined): Promise<readonly ClientRow[]> {
    const { events, log } = this.options;
    const { served } = this.#entry(uid);
    const { client } = which;
    const principal = which.principal === undefined ? undefined : await this.#normalPrincipal(which.principal);
    const rows = clientRows(served).filter(
      (row) => (client === undefined || row.client === client) && (principal ?? row.principal) === row.principal,
    );
    if (client !== undefined && rows.length === 0) {
      throw new RequestError(`probe ${uid} has no client ${client}: see "probectl show ${probeWords(uid).join(' ')}"`);
    }
    const reason = new ProbeDisconnectedError('an operator ended this connection (probectl kick)');
    await Promise.all(
      rows.map(async (row) => {
        const { client: number, address, principal: whose } = row;
        events.add({ type: 'kicked', uid, client: number, address, principal: whose, ...asked(by) });
        log.info('client dropped by an operator', { uid, client: number, principal: whose, by });
        await served?.drop([number], reason);
      }),
    );
    return rows;
  }

  async reserve(uid: string, wish: ReservationWish, by: string | undefined): Promise<Reserved> {
    const { reservations, events } = this.options;
    const { served } = this.#entry(uid);
    const principal = await this.#normalPrincipal(wish.principal);
    await this.#requireUser(principal);
    const reservation = reservationRow(await reservations.reserve(uid, { ...wish, principal }));
    events.add({ type: 'reserved', uid, ...reservation, ...asked(by) });
    const others = clientRows(served).filter((row) => row.open && row.principal !== principal);
    return { reservation, others };
  }

  #normalPrincipal(typed: string): Promise<string> {
    return normalPrincipal(typed, this.options.users);
  }

  /** A mistyped name would keep out everybody. */
  async #requireUser(principal: string): Promise<void> {
    if (!principal.startsWith('user:')) return;
    const name = principal.slice('user:'.length);
    if (await this.options.users.isUser(name)) return;
    throw new RequestError(
      `this machine knows no user "${name}"; for clients from another machine say --as addr:ADDRESS`,
    );
  }

  async extend(uid: string, byMs: number, by: string | undefined): Promise<ReservationRow> {
    const reservation = reservationRow(await this.options.reservations.extend(uid, byMs));
    const { principal, until } = reservation;
    this.options.events.add({ type: 'extended', uid, principal, until, ...asked(by) });
    return reservation;
  }

  async release(uid: string, by: string | undefined): Promise<ReservationRow> {
    const reservation = reservationRow(await this.options.reservations.release(uid));
    this.options.events.add({ type: 'released', uid, principal: reservation.principal, ...asked(by) });
    return reservation;
  }

  async setEnabled(uid: string, enabled: boolean, by?: string): Promise<void> {
    this.#requireUnset(uid, 'enabled');
    await this.options.book.update(uid, { enabled });
    await this.#changed(uid, enabled ? 'enabled' : 'disabled', by);
  }

  async rename(uid: string, name: string | undefined, by?: string): Promise<void> {
    this.#requireUnset(uid, 'name');
    const taken = this.probes().find((row) => row.uid !== uid && (row.name === name || row.uid === name));
    if (name !== undefined && taken)
      throw new RequestError(`"${name}" is taken by probe ${taken.uid}: choose another name`);
    await this.options.book.update(uid, { name });
    await this.#changed(uid, 'renamed', by);
  }

  async forget(uid: string, by?: string): Promise<{ readonly port?: number }> {
    const { supervisor, book, reservations } = this.options;
    const { attached, unserved } = this.#entry(uid);
    if (attached ?? unserved) throw new RequestError(`probe ${uid} is plugged in: only an absent one can be forgotten`);
    const port = fixedPorts(supervisor.config).has(uid) ? undefined : book.portFor(uid); // the config keeps its own
    await supervisor.forget(uid);
    if (reservations.of(uid)) await reservations.release(uid);
    this.#tellChange(uid, 'forgotten', by);
    return { ...(port !== undefined && { port }) };
  }

  async #changed(uid: string, what: string, by: string | undefined): Promise<void> {
    this.#tellChange(uid, what, by);
    await this.options.supervisor.reconcile();
  }

  #tellChange(uid: string, what: string, by: string | undefined): void {
    this.options.events.add({ type: 'changed', uid, what, ...asked(by) });
    this.options.log.info('probe changed by an operator', { uid, what, by });
  }

  #entry(uid: string): ProbeEntry {
    const entry = this.options.supervisor.entry(uid);
    if (!entry) throw new RequestError(`there is no probe ${uid}`);
    return entry;
  }

  /** What of a probe a reload can change. */
  #fingerprint({ uid, ignored, served }: ProbeEntry): string {
    return JSON.stringify([ignored !== undefined, this.#snapshots.settingsFor(uid), served?.plan]);
  }

  /** What the config file says of a probe, probectl does not change. */
  #requireUnset(uid: string, key: 'enabled' | 'name'): void {
    this.#entry(uid);
    const source = settingSource(this.options.supervisor.config, uid, key);
    if (source !== 'default')
      throw new RequestError(`"${key}" of probe ${uid} is set at ${source}: change it there, and reload`);
  }
}

/** Who asked for something, as a field of its event. */
function asked(by: string | undefined): { readonly by?: string } {
  return by === undefined ? {} : { by };
}
