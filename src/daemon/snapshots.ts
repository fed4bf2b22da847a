// What operators are shown of the daemon and its probes, as it is at the moment.

import { describeError, RequestError } from '../base/errors.js';
import { type ProbeSettings, probeSettings } from '../config/probe-policy.js';
import type { Details, Ports, Problem, ProbeRow, Status } from '../control/snapshots.js';
import { udevRemedy } from '../usb/udev-rule.js';
import { accessProblem } from './access-problem.js';
import type { AuditLog } from './audit-log.js';
import { clientRows, reservationRow, waitingRows } from './client-rows.js';
import type { LocalAccess } from './local-access.js';
import type { PortBook } from './port-book.js';
import type { ProbeEntry } from './probe-entry.js';
import type { Reservations } from './reservations.js';
import { settingRows } from './setting-rows.js';
import type { Supervisor } from './supervisor.js';

export interface SnapshotSources {
  readonly version: string;
  readonly pid: number;
  /** When the daemon started. */
  readonly since: Date;
  readonly supervisor: Supervisor;
  readonly book: PortBook;
  readonly reservations: Reservations;
  readonly audit: Pick<AuditLog, 'problem'>;
  readonly local: Pick<LocalAccess, 'problem'>;
  /** 99th percentile of the event loop's delay, in milliseconds. */
  readonly loopDelayMs: () => number;
}

export class Snapshots {
  constructor(private readonly sources: SnapshotSources) {}

  status(): Status {
    const { version, pid, since, supervisor, loopDelayMs } = this.sources;
    const { file } = supervisor.config;
    return {
      ...{ version, pid, since: since.toISOString(), loopDelayMs: loopDelayMs() },
      ...(file !== undefined && { configFile: file }),
      probes: [...this.probes()],
      problems: this.#problems(),
    };
  }

  probes(): readonly ProbeRow[] {
    return this.sources.supervisor.entries.map((entry) => this.#row(entry));
  }

  show(uid: string): Details {
    const { supervisor, book } = this.sources;
    const entry = supervisor.entry(uid);
    if (!entry) throw new RequestError(`there is no probe ${uid}`);
    const { attached, unserved, served, lastOpen, errors } = entry;
    const there = attached ?? unserved;
    const wireProtocol = served?.session.protocol;
    const inUse = entry.isWaiting ? entry.servedWith : undefined;
    return {
      probe: this.#row(entry),
      ...(there && { usb: usbOf(there.device) }),
      ...(wireProtocol && { wireProtocol }),
      ...(lastOpen && { lastOpen: { at: lastOpen.at.toISOString(), ...knownDetails(lastOpen.details) } }),
      clients: clientRows(served),
      queue: waitingRows(served),
      settings: settingRows(uid, { config: supervisor.config, operator: book.recordOf(uid) }, inUse),
      errors: errors.map(({ at, error, times }) => ({ at: at.toISOString(), error, ...(times > 1 && { times }) })),
    };
  }

  ports(): Ports {
    const { supervisor, book } = this.sources;
    const { first, last } = supervisor.config.ports;
    const ports = supervisor.entries.flatMap((entry) => {
      const port = entry.served?.server.port ?? book.portFor(entry.uid);
      const { name } = this.settingsFor(entry.uid);
      if (port === undefined) return [];
      return [{ port, uid: entry.uid, ...(name !== undefined && { name }), present: entry.attached !== undefined }];
    });
    return { first, last, ports };
  }

  /** What holds for a probe now. */
  settingsFor(uid: string): ProbeSettings {
    const { supervisor, book } = this.sources;
    return probeSettings(supervisor.config, uid, book.recordOf(uid));
  }

  #row(entry: ProbeEntry): ProbeRow {
    const { uid, attached, seen, unserved, state, served, since } = entry;
    const { name, target } = this.settingsFor(uid);
    const port = served?.server.port ?? this.sources.book.portFor(uid);
    const reason = reasonOf(entry);
    const { vendor, product } = (attached ? undefined : unserved) ?? seen?.match ?? { vendor: '', product: '' };
    const reservation = this.sources.reservations.of(uid);
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
    const { supervisor, book, reservations, audit, local } = this.sources;
    const problems: Problem[] = [];
    for (const { problem } of [book, reservations, audit])
      if (problem) problems.push({ what: describeError(problem), remedy: problem.remedy });
    if (local.problem) problems.push(local.problem);
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
}

/** Why a probe is in its state, where that does not say it. */
function reasonOf({ state, ignored, failure, unserved, attached }: ProbeEntry): string | undefined {
  if (state === 'not-served') return unserved?.reason;
  if (state === 'no-permission' && attached) return accessProblem(attached.device);
  if (state === 'absent' && attached) return 'it has just been plugged in: it is ready in a moment';
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
