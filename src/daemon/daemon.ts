// The daemon as its operators see it: what the control commands ask for and change.

import { ConfigError, UsageError } from '../config/config-error.js';
import type { Config } from '../config/config.js';
import { listSettings } from '../config/list-settings.js';
import { fixedPorts, type ProbeKey, type ProbeSettings, probeSettings, settingSource } from '../config/probe-policy.js';
import { describeError, RequestError } from '../base/errors.js';
import type { DaemonView, KickedClients, ReservationWish, Reserved } from '../control/daemon-view.js';
import type { EventHistory } from '../control/event-history.js';
import type {
  ClientRow,
  Details,
  Ports,
  Problem,
  ProbeRow,
  Reloaded,
  ReservationRow,
  Status,
} from '../control/snapshots.js';
import { ProbeDisconnectedError } from '../probe/errors.js';
import { udevRemedy } from '../usb/udev-rule.js';
import { accessProblem } from './access-problem.js';
import { clientRows, reservationRow, waitingRows } from './client-rows.js';
import type { AuditLog } from './audit-log.js';
import type { PortBook } from './port-book.js';
import { normalPrincipal } from './principal.js';
import type { ProbeEntry } from './probe-entry.js';
import type { Reservations } from './reservations.js';
import type { Supervisor } from './supervisor.js';

export interface DaemonOptions {
  readonly version: string;
  readonly pid: number;
  readonly since: Date;
  readonly supervisor: Supervisor;
  readonly book: PortBook;
  readonly reservations: Reservations;
  readonly audit: Pick<AuditLog, 'problem'>;
  readonly events: EventHistory;
  /** Reads the config anew, as at the start. @throws ConfigError, UsageError */
  readonly loadConfig: () => Config;
  /** Called with a config that has been applied, for what is not the supervisor's. */
  readonly onConfigured: (config: Config) => void;
  /** 99th percentile of the event loop's delay, in milliseconds. */
  readonly loopDelayMs: () => number;
}

export class Daemon implements DaemonView {
  constructor(private readonly options: DaemonOptions) {}

  get version(): string {
    return this.options.version;
  }

  get pid(): number {
    return this.options.pid;
  }

  get events(): EventHistory {
    return this.options.events;
  }

  get unkept(): string | undefined {
    const { problem } = this.options.book;
    return problem && describeError(problem);
  }

  status(): Status {
    const { version, pid, since, supervisor, loopDelayMs } = this.options;
    const { file } = supervisor.config;
    return {
      ...{ version, pid, since: since.toISOString(), loopDelayMs: loopDelayMs() },
      ...(file !== undefined && { configFile: file }),
      probes: [...this.probes()],
      problems: this.#problems(),
    };
  }

  probes(): readonly ProbeRow[] {
    return this.options.supervisor.entries.map((entry) => this.#row(entry));
  }

  show(uid: string): Details {
    const entry = this.#entry(uid);
    const { attached, unserved, served, lastOpen, errors } = entry;
    const there = attached ?? unserved;
    const wireProtocol = served?.session.protocol;
    return {
      probe: this.#row(entry),
      ...(there && { usb: usbOf(there.device) }),
      ...(wireProtocol && { wireProtocol }),
      ...(lastOpen && { lastOpen: { at: lastOpen.at.toISOString(), ...knownDetails(lastOpen.details) } }),
      clients: clientRows(served),
      queue: waitingRows(served),
      settings: this.#settingsOf(uid),
      errors: errors.map(({ at, error }) => ({ at: at.toISOString(), error })),
    };
  }

  ports(): Ports {
    const { supervisor, book } = this.options;
    const { first, last } = supervisor.config.ports;
    const ports = supervisor.entries.flatMap((entry) => {
      const port = entry.served?.server.port ?? book.portFor(entry.uid);
      const { name } = this.#settingsFor(entry.uid);
      if (port === undefined) return [];
      return [{ port, uid: entry.uid, ...(name !== undefined && { name }), present: entry.attached !== undefined }];
    });
    return { first, last, ports };
  }

  async reload(now: boolean): Promise<Reloaded> {
    const { supervisor, events, loadConfig, onConfigured } = this.options;
    let config: Config;
    try {
      config = loadConfig();
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
      events.add({ type: 'reloaded', applied: false, changed: [] });
      return { applied: false, complaints: error.message.split('\n') };
    }
    const before = new Map(supervisor.entries.map((entry) => [entry.uid, this.#fingerprint(entry)]));
    await supervisor.configure(config, now);
    onConfigured(config);
    const changed = supervisor.entries.filter((entry) => before.get(entry.uid) !== this.#fingerprint(entry));
    const waiting = supervisor.entries.filter(({ isWaiting }) => isWaiting).map(({ uid }) => uid);
    const uids = [...new Set([...changed.map(({ uid }) => uid), ...waiting])];
    events.add({ type: 'reloaded', applied: true, changed: uids });
    return { applied: true, changed: uids, waiting };
  }

  rescan(): Promise<void> {
    return this.options.supervisor.reconcile();
  }

  async kick(uid: string, which: KickedClients, by: string | undefined): Promise<readonly ClientRow[]> {
    const { served } = this.#entry(uid);
    const { client } = which;
    const principal = which.principal === undefined ? undefined : normalPrincipal(which.principal);
    const rows = clientRows(served).filter(
      (row) => (client === undefined || row.client === client) && (principal ?? row.principal) === row.principal,
    );
    if (client !== undefined && rows.length === 0) {
      throw new RequestError(`probe ${uid} has no client ${client}: see "probectl show ${uid}"`);
    }
    const reason = new ProbeDisconnectedError('an operator ended this connection (probectl kick)');
    await Promise.all(
      rows.map(async (row) => {
        this.options.events.add({ type: 'kicked', uid, client: row.client, principal: row.principal, ...asked(by) });
        await served?.server.drop(row.client, reason);
      }),
    );
    return rows;
  }

  async reserve(uid: string, wish: ReservationWish, by: string | undefined): Promise<Reserved> {
    const { reservations, events } = this.options;
    const { served } = this.#entry(uid);
    const principal = normalPrincipal(wish.principal);
    const reservation = reservationRow(await reservations.reserve(uid, { ...wish, principal }));
    events.add({ type: 'reserved', uid, ...reservation, ...asked(by) });
    const others = clientRows(served).filter((row) => row.open && row.principal !== principal);
    return { reservation, others };
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

  async setEnabled(uid: string, enabled: boolean): Promise<void> {
    this.#requireUnset(uid, 'enabled');
    await this.options.book.update(uid, { enabled });
    await this.#changed(uid, enabled ? 'enabled' : 'disabled');
  }

  async rename(uid: string, name: string | undefined): Promise<void> {
    this.#requireUnset(uid, 'name');
    const taken = this.probes().find((row) => row.uid !== uid && (row.name === name || row.uid === name));
    if (name !== undefined && taken)
      throw new RequestError(`"${name}" is taken by probe ${taken.uid}: choose another name`);
    await this.options.book.update(uid, { name });
    await this.#changed(uid, 'renamed');
  }

  async forget(uid: string): Promise<{ readonly port?: number }> {
    const { supervisor, book, reservations } = this.options;
    const { attached, unserved } = this.#entry(uid);
    if (attached ?? unserved) throw new RequestError(`probe ${uid} is plugged in: only an absent one can be forgotten`);
    const port = fixedPorts(supervisor.config).has(uid) ? undefined : book.portFor(uid); // the config keeps its own
    await supervisor.forget(uid);
    if (reservations.of(uid)) await reservations.release(uid);
    this.options.events.add({ type: 'changed', uid, what: 'forgotten' });
    return { ...(port !== undefined && { port }) };
  }

  async #changed(uid: string, what: string): Promise<void> {
    this.options.events.add({ type: 'changed', uid, what });
    await this.options.supervisor.reconcile();
  }

  #entry(uid: string): ProbeEntry {
    const entry = this.options.supervisor.entry(uid);
    if (!entry) throw new RequestError(`there is no probe ${uid}`);
    return entry;
  }

  #row(entry: ProbeEntry): ProbeRow {
    const { uid, attached, seen, unserved, state, served, since } = entry;
    const { name, target } = this.#settingsFor(uid);
    const port = served?.server.port ?? this.options.book.portFor(uid);
    const reason = reasonOf(entry);
    const { vendor, product } = (attached ? undefined : unserved) ?? seen?.match ?? { vendor: '', product: '' };
    const reservation = this.options.reservations.of(uid);
    return {
      uid,
      ...(name !== undefined && { name }),
      ...{ vendor, product },
      ...(seen && { family: seen.match.family }),
      state,
      ...(reason !== undefined && { reason }),
      ...(port !== undefined && port > 0 && { port }),
      addresses: [...(served?.server.addresses ?? [])],
      ...(target !== undefined && { target }),
      clients: served?.server.clientCount ?? 0,
      waiting: served?.session.admission.waiting.length ?? 0,
      ...(reservation && { reservation: reservationRow(reservation) }),
      since: since.toISOString(),
    };
  }

  #problems(): Problem[] {
    const { supervisor, book, reservations, audit } = this.options;
    const problems: Problem[] = [];
    for (const { problem } of [book, reservations, audit])
      if (problem) problems.push({ what: describeError(problem), remedy: problem.remedy });
    for (const finding of book.findings)
      problems.push({ what: finding, remedy: 'compare "probectl ports" with what clients use' });
    for (const { uid, state, failure, attached } of supervisor.entries) {
      if (state === 'failed' && failure) {
        problems.push({
          uid,
          what: failure.message,
          remedy: 'free the port, or give the probe another one in the config',
        });
      }
      if (attached && state === 'no-permission') {
        problems.push({ uid, what: accessProblem(attached.device), remedy: udevRemedy(attached.device) });
      }
      const warning = state === 'ignored' ? undefined : attached?.match.warning;
      if (warning) problems.push({ uid, ...warning });
    }
    return problems;
  }

  #settingsFor(uid: string): ProbeSettings {
    const { supervisor, book } = this.options;
    return probeSettings(supervisor.config, uid, book.recordOf(uid));
  }

  /** What of a probe a reload can change. */
  #fingerprint({ uid, ignored, served }: ProbeEntry): string {
    return JSON.stringify([ignored !== undefined, this.#settingsFor(uid), served?.plan]);
  }

  #settingsOf(uid: string): Details['settings'] {
    const { config } = this.options.supervisor;
    const operator = this.options.book.recordOf(uid);
    const own = Object.entries({ enabled: true, ...probeSettings(config, uid, operator), ...operator });
    const keys: Partial<Record<string, ProbeKey>> = {
      clockLimitHz: 'clock_limit',
      memoryHandles: 'memory_handles',
      postedWrites: 'posted_writes',
      packetsInFlight: 'packets_in_flight',
      allowRemote: 'allow_remote',
    };
    return [
      ...own
        .filter(([key]) => key !== 'port' || config.settings.probe.some((entry) => entry.uid === uid))
        .map(([key, value]) => {
          const written = keys[key] ?? (key as ProbeKey);
          return {
            key: `probe.${written}`,
            value: Array.isArray(value) ? JSON.stringify(value) : String(value),
            from: settingSource(config, uid, written, operator),
          };
        }),
      ...listSettings(config)
        .filter(({ key }) => /^(listen|limits|access)\./.test(key))
        .map(({ key, value, source }) => ({ key, value: JSON.stringify(value), from: source })),
    ];
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

/** Why a probe is in its state, where that does not say it. */
function reasonOf({ state, ignored, failure, unserved, attached }: ProbeEntry): string | undefined {
  if (state === 'not-served') return unserved?.reason;
  if (state === 'no-permission' && attached) return accessProblem(attached.device);
  return ignored ?? failure?.message;
}

function usbOf(device: NonNullable<ProbeEntry['attached']>['device']): NonNullable<Details['usb']> {
  const { portPath, vendorId, productId, serial } = device;
  return { path: portPath, vid: vendorId, pid: productId, ...(serial !== undefined && { serial }) };
}

/** Of what a driver tells of its probe, what `show` has a place for. */
function knownDetails(details: Readonly<Record<string, string | number | readonly string[]>>) {
  const { capabilities, firmwareVersion, packetSizeBytes, packetCount } = details;
  return {
    capabilities: Array.isArray(capabilities) ? [...(capabilities as readonly string[])] : [],
    ...(typeof firmwareVersion === 'string' && { firmware: firmwareVersion }),
    ...(typeof packetSizeBytes === 'number' && { packetSizeBytes }),
    ...(typeof packetCount === 'number' && { packetCount }),
  };
}
