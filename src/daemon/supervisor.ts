// Keeps a server running for every probe: compares what should run with what runs, and makes up the difference.

import type { AssertionError } from 'node:assert';
import type { Clock } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/config.js';
import type { SocketOptions } from '../platform/socket-options.js';
import { compileProbeRequests } from '../server/probe-requests.js';
import { ProbeServer } from '../server/probe-server.js';
import { ProbeSession } from '../sharing/probe-session.js';
import type { UsbBus } from '../usb/usb-bus.js';
import type { DaemonEvent } from './events.js';
import { findProbes, type FoundProbe } from './find-probes.js';

export interface SupervisorOptions {
  readonly bus: UsbBus;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly socketOptions: SocketOptions;
  /** Ends the process: called when an assertion has failed. */
  readonly crash: (error: AssertionError) => void;
  readonly onEvent?: (event: DaemonEvent) => void;
}

/** ready: its port answers. absent: unplugged; its port still answers. failed: its port could not be opened. */
export type ProbeState = 'ready' | 'absent' | 'failed';

/** One probe as `status` shows it. */
export interface ProbeStatus {
  readonly uid: string;
  readonly state: ProbeState;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly clients: number;
  readonly error?: Error;
}

/** A probe that has been seen, for as long as the daemon runs. */
interface Entry {
  readonly session: ProbeSession;
  port: number;
  server?: ProbeServer;
  error?: Error;
  /** The attachment the session has been told of. */
  attached?: FoundProbe;
}

/** How long after a port could not be opened it is tried again. */
const LISTEN_RETRY_MS = 5000;

export class Supervisor implements AsyncDisposable {
  readonly #entries = new Map<string, Entry>();
  readonly #subscription: Disposable;
  readonly #table = compileProbeRequests();
  #clientIds = 0;
  #retry: Disposable | undefined;
  #pass: Promise<void> | undefined;
  #lookAgain = false;
  #stopping = false;

  private constructor(private readonly options: SupervisorOptions) {
    // Subscribed before the first list: nothing falls between.
    this.#subscription = options.bus.subscribe(() => this.#background());
  }

  /** Returns when everything that was plugged in at that moment is served, or failed. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    const supervisor = new Supervisor(options);
    await supervisor.reconcile();
    return supervisor;
  }

  get probes(): readonly ProbeStatus[] {
    return [...this.#entries].map(([uid, { session, server, port, error }]) => ({
      uid,
      port,
      state: !server ? 'failed' : session.attached ? 'ready' : 'absent',
      addresses: server?.addresses ?? [],
      clients: session.clients.length,
      ...(error && { error }),
    }));
  }

  /**
   * Makes what runs equal to what should run. One pass at a time; a call during a pass makes another follow it, and
   * resolves after that.
   */
  reconcile(): Promise<void> {
    this.#lookAgain = true;
    this.#pass ??= this.#passes().finally(() => (this.#pass = undefined));
    return this.#pass;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#subscription[Symbol.dispose]();
    this.#retry?.[Symbol.dispose]();
    await this.#pass;
    await Promise.all(
      [...this.#entries.values()].map(async ({ server, session }) => {
        await server?.[Symbol.asyncDispose]();
        await session[Symbol.asyncDispose]();
      }),
    );
  }

  async #passes(): Promise<void> {
    while (this.#lookAgain && !this.#stopping) {
      this.#lookAgain = false;
      const found = findProbes(await this.options.bus.list()).filter(({ uid }) => this.#isWanted(uid));
      const present = new Map(found.map((probe) => [probe.uid, probe]));
      await Promise.all([...this.#entries.keys()].map((uid) => this.#detachIfGone(uid, present.get(uid))));
      for (const probe of found) this.#entries.set(probe.uid, this.#entries.get(probe.uid) ?? this.#newEntry(probe));
      await Promise.all(found.map((probe) => this.#serve(probe)));
    }
  }

  #isWanted(uid: string): boolean {
    const { uids } = this.options.config;
    return uids.length === 0 || uids.includes(uid);
  }

  #newEntry({ uid, match }: FoundProbe): Entry {
    const { clock, log, config } = this.options;
    const session = new ProbeSession({
      uid,
      vendor: match.vendor,
      product: match.product,
      clock,
      log: log.child({ uid }),
      memoryHandles: config.memoryHandles,
    });
    return { session, port: this.#freePort() };
  }

  /** The first port from `firstPort` up that no other probe has; 0, for the system to choose, if that is 0. */
  #freePort(): number {
    const { firstPort } = this.options.config;
    if (firstPort === 0) return 0;
    const taken = new Set([...this.#entries.values()].map((entry) => entry.port));
    let port = firstPort;
    while (taken.has(port)) port++;
    return port;
  }

  async #detachIfGone(uid: string, present: FoundProbe | undefined): Promise<void> {
    const entry = this.#entries.get(uid);
    if (!entry?.attached || entry.attached.device.key === present?.device.key) return;
    delete entry.attached;
    this.options.log.info('probe detached', { uid });
    this.#emit({ type: 'detached', uid });
    await entry.session.detach();
  }

  async #serve(probe: FoundProbe): Promise<void> {
    const { uid, device, driver, match } = probe;
    const entry = this.#entries.get(uid);
    if (!entry) return;
    const { bus, clock, log } = this.options;
    const replugged = !entry.attached;
    if (replugged) {
      entry.attached = probe;
      entry.session.attach((signal) => driver.open(device, { uid, bus, clock, log: log.child({ uid }) }, signal));
      log.info('probe attached', { uid, family: match.family, product: match.product, path: device.portPath });
      this.#emit({ type: 'attached', uid });
    }
    if (!entry.server) await this.#listen(uid, entry);
    else if (replugged) this.#emit({ type: 'served', uid, port: entry.port });
  }

  async #listen(uid: string, entry: Entry): Promise<void> {
    const { config, clock, log, socketOptions, crash } = this.options;
    try {
      entry.server = await ProbeServer.listen({
        hosts: config.hosts,
        port: entry.port,
        table: this.#table,
        newLease: (client) => entry.session.newLease(client),
        newClientId: () => ++this.#clientIds,
        log: log.child({ uid }),
        clock,
        socketOptions,
        crash,
      });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (entry.error?.message !== error.message)
        log.error('probe is not served', { uid, error: describeError(error) });
      entry.error = error;
      this.#emit({ type: 'failed', uid, error });
      this.#retry ??= clock.timer(LISTEN_RETRY_MS, () => {
        this.#retry = undefined;
        this.#background();
      });
      return;
    }
    delete entry.error;
    entry.port = entry.server.port;
    log.info('probe served', { uid, port: entry.port });
    this.#emit({ type: 'served', uid, port: entry.port });
  }

  #background(): void {
    this.reconcile().catch((error: unknown) =>
      this.options.log.error('looking for probes failed', { error: describeError(error) }),
    );
  }

  #emit(event: DaemonEvent): void {
    this.options.onEvent?.(event);
  }
}
