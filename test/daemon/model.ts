// What the daemon should be like, worked out the simple way: no sockets, no bus, no waiting.

import assert from 'node:assert/strict';
import type { ProbeState } from '../../src/control/snapshots.js';

/** What a config text says, in the model's words. */
export interface ModelConfig {
  readonly first: number;
  readonly last: number;
  readonly maxClients: number;
  readonly ignored: readonly string[];
  /** Nobody else is served, if given. */
  readonly matched?: readonly string[];
  readonly probes: Readonly<Partial<Record<string, ModelProbeConfig>>>;
}

export interface ModelProbeConfig {
  readonly port?: number;
  readonly name?: string;
  readonly enabled?: boolean;
  readonly clockLimitHz?: number;
}

interface Serving {
  readonly port: number;
  readonly maxClients: number;
  readonly clockLimitHz: number | undefined;
}

interface ModelProbe {
  plugged: boolean;
  denied: boolean;
  seen: boolean;
  serving: Serving | undefined;
  /** Client numbers of the test, and whether each has the probe open. */
  readonly clients: Map<number, { isOpen: boolean }>;
}

interface ModelRecord {
  port?: number;
  enabled?: boolean;
  name?: string;
}

/** What `status` must say of a probe. */
export interface ExpectedRow {
  readonly state: ProbeState;
  readonly name: string | undefined;
  readonly port: number | undefined;
  readonly isListening: boolean;
  readonly clients: number;
}

export class Model {
  readonly probes = new Map<string, ModelProbe>();
  /** What survives a restart. */
  readonly #records = new Map<string, ModelRecord>();

  constructor(public config: ModelConfig) {}

  plug(uid: string): void {
    const probe = this.#known(uid);
    probe.plugged = probe.seen = true;
    probe.denied = false;
    this.settle();
  }

  unplug(uid: string): void {
    const probe = this.#known(uid);
    probe.plugged = false;
    for (const client of probe.clients.values()) client.isOpen = false;
    this.settle();
  }

  configure(config: ModelConfig, now: boolean): void {
    this.config = config;
    this.settle(now);
  }

  /** @returns whether the daemon does it */
  setEnabled(uid: string, enabled: boolean): boolean {
    if (!this.probes.has(uid) || this.config.probes[uid]?.enabled !== undefined) return false;
    this.#record(uid).enabled = enabled;
    this.settle();
    return true;
  }

  /** @returns whether the daemon does it */
  rename(uid: string, name: string | undefined): boolean {
    if (!this.probes.has(uid) || this.config.probes[uid]?.name !== undefined) return false;
    const isTaken = [...this.probes.keys()].some((other) => other !== uid && this.#nameOf(other) === name);
    if (name !== undefined && isTaken) return false;
    const record = this.#record(uid);
    if (name === undefined) delete record.name;
    else record.name = name;
    return true;
  }

  /** @returns whether the daemon does it */
  forget(uid: string): boolean {
    if (this.probes.get(uid)?.plugged !== false) return false;
    this.probes.delete(uid);
    this.#records.delete(uid);
    this.settle(); // its port may be what another one waits for
    return true;
  }

  connect(uid: string, client: number): void {
    this.#known(uid).clients.set(client, { isOpen: false });
  }

  /** @returns whether the probe lets itself be opened */
  open(uid: string, client: number): boolean {
    const probe = this.#known(uid);
    const isAnybodys = [...probe.clients.values()].some(({ isOpen }) => isOpen);
    const opens = probe.plugged && (isAnybodys || !probe.denied);
    const entry = probe.clients.get(client);
    assert.ok(entry);
    entry.isOpen ||= opens;
    return opens;
  }

  leave(uid: string, client: number): void {
    this.#known(uid).clients.delete(client);
    this.settle();
  }

  /** The daemon ends and starts again; what is plugged in stays so. */
  restart(): void {
    const before = new Map(this.probes);
    this.probes.clear();
    // Who is there comes first, in the order of the sockets: so new ports are given away, where the config takes old ones.
    const plugged = [...before].filter(([, probe]) => probe.plugged).sort(([a], [b]) => a.localeCompare(b));
    for (const [uid, { denied }] of plugged) Object.assign(this.#known(uid), { plugged: true, denied, seen: true });
    for (const uid of this.#records.keys()) this.#known(uid);
    this.settle();
  }

  /** The probe that a client with this number is connected to. */
  probeOf(client: number): string | undefined {
    return [...this.probes].find(([, { clients }]) => clients.has(client))?.[0];
  }

  /** Brings every probe to what the config says. */
  settle(now = false): void {
    const plans = new Map([...this.probes.keys()].map((uid) => [uid, this.#plan(uid)]));
    for (const [uid, probe] of this.probes) {
      const plan = plans.get(uid);
      if (!probe.serving || (plan && isSame(plan, probe.serving))) continue;
      if (plan && probe.clients.size > 0 && !now) continue;
      probe.serving = undefined;
      probe.clients.clear();
    }
    for (const [uid, probe] of this.probes) {
      const plan = plans.get(uid);
      if (!plan || probe.serving) continue;
      const isTaken = [...this.probes.values()].some(({ serving }) => serving?.port === plan.port);
      if (!isTaken) probe.serving = plan;
    }
  }

  expected(uid: string): ExpectedRow | undefined {
    const probe = this.probes.get(uid);
    if (!probe) return undefined;
    return {
      state: this.#stateOf(uid, probe),
      name: this.#nameOf(uid),
      port: probe.serving?.port ?? this.#portOf(uid),
      isListening: probe.serving !== undefined,
      clients: probe.clients.size,
    };
  }

  /** Every port that a probe has, served or not. */
  get ports(): readonly number[] {
    return [...this.#records.keys()].flatMap((uid) => this.#portOf(uid) ?? []);
  }

  #stateOf(uid: string, { serving, plugged, denied, clients }: ModelProbe): ProbeState {
    if (this.#isIgnored(uid)) return 'ignored';
    if (!serving) return 'failed';
    if (!plugged) return 'absent';
    if ([...clients.values()].some(({ isOpen }) => isOpen)) return 'in-use';
    return denied ? 'no-permission' : 'ready';
  }

  #isIgnored(uid: string): boolean {
    const { ignored, matched, probes } = this.config;
    const isKnown = this.probes.get(uid)?.seen === true;
    if (isKnown && (ignored.includes(uid) || matched?.includes(uid) === false)) return true;
    return !(probes[uid]?.enabled ?? this.#records.get(uid)?.enabled ?? true);
  }

  #plan(uid: string): Serving | undefined {
    if (this.#isIgnored(uid)) return undefined;
    const { maxClients, probes } = this.config;
    const port = this.#portOf(uid) ?? this.#newPort();
    if (port === undefined) return undefined;
    if (probes[uid]?.port === undefined) this.#record(uid).port = port;
    return { port, maxClients, clockLimitHz: probes[uid]?.clockLimitHz };
  }

  /** What the config gives it, or what it always had, unless the config has given that to another. */
  #portOf(uid: string): number | undefined {
    const fixed = this.config.probes[uid]?.port;
    if (fixed !== undefined) return fixed;
    const port = this.#records.get(uid)?.port;
    return this.#fixed.includes(port) ? undefined : port;
  }

  get #fixed(): readonly (number | undefined)[] {
    return Object.values(this.config.probes).map((probe) => probe?.port);
  }

  /** The lowest that is nobody's. */
  #newPort(): number | undefined {
    const taken = new Set([...this.#fixed, ...[...this.#records.values()].map(({ port }) => port)]);
    for (let port = this.config.first; port <= this.config.last; port++) if (!taken.has(port)) return port;
    return undefined;
  }

  #nameOf(uid: string): string | undefined {
    return this.config.probes[uid]?.name ?? this.#records.get(uid)?.name;
  }

  #record(uid: string): ModelRecord {
    let record = this.#records.get(uid);
    if (!record) this.#records.set(uid, (record = {}));
    return record;
  }

  #known(uid: string): ModelProbe {
    let probe = this.probes.get(uid);
    if (!probe) {
      probe = { plugged: false, denied: false, seen: false, serving: undefined, clients: new Map() };
      this.probes.set(uid, probe);
    }
    return probe;
  }
}

function isSame(a: Serving, b: Serving): boolean {
  return a.port === b.port && a.maxClients === b.maxClients && a.clockLimitHz === b.clockLimitHz;
}
