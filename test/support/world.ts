// The whole daemon in one process: a simulated bus below, real sockets above, and everything in between as it ships.

import assert from 'node:assert/strict';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { Disposer } from '../../src/base/disposer.js';
import { silentLogger } from '../../src/base/logger.js';
import type { Config } from '../../src/config/config.js';
import { fixedPorts } from '../../src/config/probe-policy.js';
import type { DaemonEvent } from '../../src/control/daemon-events.js';
import { EventHistory } from '../../src/control/event-history.js';
import type { ProbeRow } from '../../src/control/snapshots.js';
import { AccessPolicy } from '../../src/daemon/access-policy.js';
import { Daemon } from '../../src/daemon/daemon.js';
import { LocalAccess } from '../../src/daemon/local-access.js';
import { PortBook } from '../../src/daemon/port-book.js';
import { Reservations } from '../../src/daemon/reservations.js';
import { noFiles, type StateFiles } from '../../src/daemon/state-files.js';
import { Supervisor } from '../../src/daemon/supervisor.js';
import { noSocketOptions } from '../../src/platform/socket-options.js';
import { Users } from '../../src/platform/users.js';
import { compileProbeRequests } from '../../src/server/probe-requests.js';
import { simCmsisDap, SimProbe, type SimProbeOptions } from '../../src/sim/sim-probe.js';
import { SimUsbBus, type UnplugOptions } from '../../src/sim/usb/sim-usb-bus.js';
import { loadText } from '../config/load-text.js';
import { TestClient } from './test-client.js';

/** Ports that the system chooses. */
const DEFAULT_CONFIG = '[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n';
/** Compiled once: it takes longer than most tests. */
const table = compileProbeRequests();

export interface WorldOptions {
  /** The text of a config file. */
  readonly config?: string;
  readonly clock?: Clock;
  /** Where the port book is kept; nowhere unless given. */
  readonly files?: StateFiles;
  /** A bus on which something is plugged in already. */
  readonly bus?: SimUsbBus;
}

/** Starts a daemon, with nothing plugged in unless `bus` has it. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { config: text = DEFAULT_CONFIG, clock = systemClock, files = noFiles } = options;
  const config = loadText(text);
  const bus = options.bus ?? new SimUsbBus(clock);
  const events = new EventHistory(clock);
  const book = await PortBook.open({ directory: '/state', range: config.ports, fixed: fixedPorts(config), files });
  let clientIds = 0;
  const reservations = await Reservations.open({
    ...{ directory: '/state', files, clock, longestMs: config.access.longestReservationMs },
    onExpired: (uid, { principal }) => events.add({ type: 'expired', uid, principal }),
  });
  // No client's user is known.
  const local = new LocalAccess({
    owners: { ownerOf: async () => undefined },
    users: new Users(),
    log: silentLogger,
    rules: {},
  });
  const services = {
    ...{ clock, table, log: silentLogger, socketOptions: noSocketOptions, reservations },
    access: new AccessPolicy({ config, local, clock }),
    newClientId: () => ++clientIds,
    crash: (error: Error) => assert.fail(error),
  };
  const supervisor = new Supervisor({ bus, book, config, services, onEvent: (event) => events.add(event) });
  const world = new World({ clock, bus, book, reservations, supervisor, events, local });
  await supervisor.start();
  return world;
}

interface WorldParts {
  readonly clock: Clock;
  readonly bus: SimUsbBus;
  readonly book: PortBook;
  readonly reservations: Reservations;
  readonly supervisor: Supervisor;
  readonly events: EventHistory;
  readonly local: LocalAccess;
}

export class World implements AsyncDisposable {
  readonly clock: Clock;
  readonly bus: SimUsbBus;
  readonly book: PortBook;
  readonly supervisor: Supervisor;
  /** The daemon as operators see it. */
  readonly daemon: Daemon;
  readonly #events: EventHistory;
  readonly #disposer = new Disposer();
  #nextConfig: () => Config;

  constructor({ clock, bus, book, reservations, supervisor, events, local }: WorldParts) {
    this.clock = clock;
    this.bus = bus;
    this.book = book;
    this.supervisor = supervisor;
    this.#events = events;
    this.#nextConfig = () => supervisor.config;
    this.daemon = new Daemon({
      audit: { problem: undefined },
      local,
      users: { isUser: async () => true, nameOf: async (uid) => (uid === 0 ? 'root' : undefined) },
      ...{ supervisor, book, reservations, events, log: silentLogger, version: '0.0.0', pid: 1, since: clock.date() },
      loadConfig: () => this.#nextConfig(),
      onConfigured: () => undefined,
      loopDelayMs: () => 0,
    });
    this.#disposer.use(book);
    this.#disposer.use(reservations);
    this.#disposer.use(bus);
    this.#disposer.use(supervisor);
  }

  /** Plugs in a probe, a new one or one that was unplugged. */
  plug(probe: SimProbe | Omit<SimProbeOptions, 'clock'>, portPath?: string): SimProbe {
    const device = probe instanceof SimProbe ? probe : simCmsisDap({ clock: this.clock, ...probe });
    this.bus.plug(device, portPath);
    return device;
  }

  unplug(probe: SimProbe, options?: UnplugOptions): void {
    this.bus.unplug(probe, options);
  }

  /** Reloads the config from the text of a file. */
  reload(text: string, now = false): ReturnType<Daemon['reload']> {
    this.#nextConfig = () => loadText(text);
    return this.daemon.reload(now);
  }

  /** The next event of that type about that probe. */
  event(type: DaemonEvent['type'], uid: string): Promise<DaemonEvent> {
    return new Promise((resolve) => {
      const subscription = this.#events.subscribe(({ event }) => {
        if (event.type !== type || !('uid' in event) || event.uid !== uid) return;
        subscription[Symbol.dispose]();
        resolve(event);
      });
    });
  }

  status(uid: string): ProbeRow | undefined {
    return this.daemon.probes().find((probe) => probe.uid === uid);
  }

  /** Connects a client to a probe, as soon as it is served. Its principal is "addr:" and the address it comes from. */
  async client(uid: string, from = '127.0.0.1'): Promise<TestClient> {
    if (!this.status(uid)?.addresses.length) await this.event('served', uid);
    return this.#disposer.use(await TestClient.connect(this.status(uid)?.port ?? 0, '127.0.0.1', from));
  }

  /** Ends the clients, the daemon and the bus, in that order. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposer[Symbol.asyncDispose]();
  }
}
