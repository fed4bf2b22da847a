import { systemClock } from '../../src/base/clock.js';
import { RequestError } from '../../src/base/errors.js';
import type { DaemonView, Kept, KickedClients, ReservationWish, Reserved } from '../../src/control/daemon-view.js';
import { EventHistory } from '../../src/control/event-history.js';
import type {
  ClientRow,
  Details,
  Ports,
  ProbeRow,
  Problem,
  Reloaded,
  ReservationRow,
  Status,
} from '../../src/control/snapshots.js';

const SINCE = '2026-01-01T00:00:00.000Z';

export const client: ClientRow = {
  client: 7,
  address: '127.0.0.1:40312',
  principal: 'user:ada',
  since: SINCE,
  requests: 1433,
  bytesIn: 70_000,
  bytesOut: 81_000,
  open: true,
  lockDepth: 1,
  capturesSwo: false,
  holdsReset: false,
};

export const reservation: ReservationRow = {
  principal: 'user:bob',
  until: '2026-01-01T01:10:00.000Z',
  reason: 'tests',
};

export function probe(uid: string, more: Partial<ProbeRow> = {}): ProbeRow {
  const addresses = ['127.0.0.1', '::1'];
  const made = { vendor: 'Arm', product: 'DAPLink CMSIS-DAP', family: 'cmsis-dap' };
  return { uid, ...made, state: 'ready', port: 5555, addresses, clients: 0, waiting: 0, since: SINCE, ...more };
}

/** A daemon that does nothing but note what it is told. */
export class FakeDaemon implements DaemonView {
  readonly version = '0.1.0';
  pid = 4711;
  readonly events = new EventHistory(systemClock);
  readonly calls: unknown[][] = [];
  rows: readonly ProbeRow[] = [probe('A1', { name: 'bench' }), probe('A2', { port: 5556 })];
  problems: readonly Problem[] = [];
  /** Why that is not kept. */
  readonly unkeptReasons: Partial<Record<Kept, string>> = {};
  range = { first: 5555, last: 5655 };
  reloaded: Reloaded = { applied: true, changed: [], settings: [], waiting: [], nextStart: [], problems: [] };
  details: Partial<Details> = {};
  /** Thrown by whatever is called next. */
  failure: Error | undefined;
  /** What `rescan` waits for. */
  rescanned: Promise<void> = Promise.resolve();

  unkept(what: Kept): string | undefined {
    return this.unkeptReasons[what];
  }

  status(): Status {
    this.#note('status');
    return { version: this.version, pid: this.pid, since: SINCE, probes: [...this.rows], problems: [...this.problems] };
  }

  probes(): readonly ProbeRow[] {
    return this.rows;
  }

  show(uid: string): Details {
    this.#note('show', uid);
    return { probe: this.#row(uid), clients: [], queue: [], settings: [], errors: [], ...this.details };
  }

  ports(): Ports {
    this.#note('ports');
    const ports = this.rows.map(({ uid, name, port = 0, state }) => ({
      port,
      uid,
      ...(name !== undefined && { name }),
      present: state !== 'absent',
    }));
    return { ...this.range, ports };
  }

  async reload(now: boolean, by: string | undefined): Promise<Reloaded> {
    this.#note('reload', now, by);
    return this.reloaded;
  }

  async rescan(): Promise<void> {
    this.#note('rescan');
    await this.rescanned;
  }

  async kick(uid: string, which: KickedClients, by: string | undefined): Promise<readonly ClientRow[]> {
    this.#note('kick', uid, which, by);
    if ((which.client ?? client.client) !== client.client)
      throw new RequestError(`${uid} has no client ${which.client}`);
    return [client];
  }

  async reserve(uid: string, wish: ReservationWish, by: string | undefined): Promise<Reserved> {
    this.#note('reserve', uid, wish, by);
    return { reservation, others: [client] };
  }

  async extend(uid: string, byMs: number, by: string | undefined): Promise<ReservationRow> {
    this.#note('extend', uid, byMs, by);
    return reservation;
  }

  async release(uid: string, by: string | undefined): Promise<ReservationRow> {
    this.#note('release', uid, by);
    return reservation;
  }

  async setEnabled(uid: string, enabled: boolean, by: string | undefined): Promise<void> {
    this.#note('setEnabled', uid, enabled, by);
  }

  async rename(uid: string, name: string | undefined, by: string | undefined): Promise<void> {
    this.#note('rename', uid, name, by);
  }

  async forget(uid: string, by: string | undefined): Promise<{ readonly port?: number }> {
    this.#note('forget', uid, by);
    return { port: 5555 };
  }

  #row(uid: string): ProbeRow {
    const row = this.rows.find((candidate) => candidate.uid === uid);
    if (!row) throw new Error(`show was called with ${uid}, which is no uid`);
    return row;
  }

  #note(...call: unknown[]): void {
    this.calls.push(call);
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure;
  }
}
