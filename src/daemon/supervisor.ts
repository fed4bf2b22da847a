// Keeps a server running for every probe: compares what should run with what runs, and makes up the difference.

import { describeError } from '../base/errors.js';
import type { Config } from '../config/config.js';
import { fixedPorts } from '../config/probe-policy.js';
import type { DaemonEvent } from '../control/daemon-events.js';
import type { UsbBus } from '../usb/usb-bus.js';
import { accessProblem } from './access-problem.js';
import { logAccess, logAttached, logUnserved } from './announcements.js';
import { findProbes, type FoundProbe } from './find-probes.js';
import { Passes } from './passes.js';
import type { PortBook } from './port-book.js';
import { ProbeEntry } from './probe-entry.js';
import { ServedProbe } from './served-probe.js';
import type { ServerServices } from './server-services.js';
import { noteError, servingEvents } from './serving-events.js';
import { reasonToIgnore, type ServingPlan, servingPlan } from './serving-plan.js';

export interface SupervisorOptions {
  readonly bus: UsbBus;
  readonly book: PortBook;
  readonly config: Config;
  readonly services: ServerServices;
  readonly onEvent: (event: DaemonEvent) => void;
}

export class Supervisor implements AsyncDisposable {
  readonly #options: SupervisorOptions;
  readonly #entries = new Map<string, ProbeEntry>();
  readonly #passes: Passes;
  #subscription: Disposable | undefined;
  #config: Config;
  /** The next pass applies new settings also to probes that are in use. */
  #forced = false;
  /** The next pass forgets these. */
  readonly #toForget = new Set<string>();

  /** Does nothing yet. */
  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#config = options.config;
    const { clock, log } = options.services;
    this.#passes = new Passes({
      clock,
      pass: () => this.#pass(),
      onFailed: (error) => log.error('looking for probes failed', { error: describeError(error) }),
    });
  }

  /** Returns when everything that is plugged in at this moment is served, or failed. */
  start(): Promise<void> {
    // Subscribed before the first list: nothing falls between.
    this.#subscription ??= this.#options.bus.subscribe(() => this.#passes.makeSoon());
    return this.reconcile();
  }

  /** Every probe that is known, in the order of their ports; those without one last. */
  get entries(): readonly ProbeEntry[] {
    const portOf = ({ uid, served }: ProbeEntry): number =>
      served?.server.port ?? this.#options.book.portFor(uid) ?? Infinity;
    return [...this.#entries.values()].sort((a, b) => portOf(a) - portOf(b) || a.uid.localeCompare(b.uid));
  }

  entry(uid: string): ProbeEntry | undefined {
    return this.#entries.get(uid);
  }

  get config(): Config {
    return this.#config;
  }

  /**
   * Takes a new config, and returns when it is applied: at once to probes that nobody uses, to the others when their
   * last client has gone, or at once with `now`. Who may connect, and who may have a probe open, holds at once, also
   * for those who are connected.
   */
  async configure(config: Config, now: boolean): Promise<void> {
    this.#config = config;
    this.#options.services.access.configure(config);
    await Promise.all([...this.#entries.values()].map(async ({ served }) => served?.server.review()));
    this.#options.book.configure({ range: config.ports, fixed: fixedPorts(config) });
    this.#forced ||= now;
    await this.reconcile();
  }

  /** Forgets a probe, and stops serving its port. One that is plugged in by now is served anew, as one never seen. */
  forget(uid: string): Promise<void> {
    this.#toForget.add(uid);
    return this.reconcile(); // a pass that runs now would bring back what we take away beside it
  }

  /** Makes what runs equal to what should run; resolves when it is. */
  reconcile(): Promise<void> {
    return this.#passes.make();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    await this.#passes[Symbol.asyncDispose]();
    await Promise.all([...this.#entries.values()].map(async ({ served }) => served?.[Symbol.asyncDispose]()));
  }

  async #pass(): Promise<void> {
    const forced = this.#forced;
    this.#forced = false;
    for (const uid of this.#toForget) await this.#forgetEntry(uid);
    const found = await this.#detect();
    const entries = [...this.#entries.values()];
    const plans = await Promise.all(entries.map((entry) => this.#settle(entry, found.get(entry.uid), forced)));
    // Only now, when all that had to stop has stopped: two probes may have exchanged their ports.
    await Promise.all(entries.map((entry, i) => this.#serve(entry, plans[i])));
    const { book } = this.#options;
    await book.retry();
    if (book.isBehind) this.#passes.retryLater();
    else if (entries.every(({ failure }) => !failure)) this.#passes.succeeded();
  }

  /** Looks at the bus, and makes the entries match what is there. @returns the probes to serve, by uid */
  async #detect(): Promise<ReadonlyMap<string, FoundProbe>> {
    const known = new Map(
      [...this.#entries].flatMap(([uid, { attached, unserved }]) =>
        [attached, unserved].flatMap((there) => (there ? [[there.device.key, uid] as const] : [])),
      ),
    );
    const { found, unserved } = findProbes(await this.#options.bus.list(), known);
    const unservedByUid = new Map(unserved.map((probe) => [probe.uid, probe]));
    const uids = [...found, ...unserved].map(({ uid }) => uid);
    for (const uid of [...uids, ...this.#options.book.entries.map((entry) => entry.uid)]) {
      if (!this.#entries.has(uid)) this.#entries.set(uid, new ProbeEntry(uid, this.#options.services.clock));
    }
    for (const [uid, entry] of this.#entries) {
      const now = unservedByUid.get(uid);
      if (now && !entry.unserved) logUnserved(now, this.#options.services.log);
      entry.unserved = now;
      // Nothing is kept of a device that was never served.
      if (!now && !entry.seen && !entry.served && !uids.includes(uid) && !this.#isBooked(uid))
        this.#entries.delete(uid);
    }
    return new Map(found.map((probe) => [probe.uid, probe]));
  }

  #isBooked(uid: string): boolean {
    return this.#options.book.entries.some((entry) => entry.uid === uid);
  }

  async #forgetEntry(uid: string): Promise<void> {
    this.#toForget.delete(uid);
    const entry = this.#entries.get(uid);
    this.#entries.delete(uid);
    if (entry) await this.#stop(entry);
    await this.#options.book.forget(uid);
  }

  /** Notes where a probe is, and ends what should not be. @returns how it is to be served from now on, if it is not */
  async #settle(entry: ProbeEntry, present: FoundProbe | undefined, forced: boolean): Promise<ServingPlan | undefined> {
    await this.#detachIfGone(entry, present);
    const isNew = present !== undefined && !entry.attached;
    const wasAccessible = entry.attached?.device.accessible ?? true;
    if (present) entry.attached = entry.seen = present; // the same attachment may have become accessible
    if (isNew) {
      logAttached(present, this.#options.services.log);
      this.#options.onEvent({ type: 'attached', uid: entry.uid });
    }
    if (present && present.device.accessible !== wasAccessible) this.#announceAccess(entry, present);

    const plan = await this.#plan(entry);
    entry.isWaiting = false;
    if (plan && entry.served) {
      if (entry.served.adopt(plan)) return undefined;
      entry.isWaiting = !forced && entry.served.session.leases.length > 0;
      if (entry.isWaiting) return undefined; // the last client to go brings us back here
    }
    const wasServed = entry.served !== undefined;
    await this.#stop(entry);
    if (wasServed && !plan) this.#announceUnserved(entry);
    return plan;
  }

  #announceUnserved({ uid, ignored, failure }: ProbeEntry): void {
    const reason = ignored ?? (failure ? failure.message : 'it cannot be served');
    this.#options.services.log.info('probe not served any more', { uid, reason });
    this.#options.onEvent({ type: 'unserved', uid, reason });
  }

  /** Starts serving a probe if there is a plan, and connects the probe with what serves it. */
  async #serve(entry: ProbeEntry, plan: ServingPlan | undefined): Promise<void> {
    if (plan) await this.#start(entry, plan);
    if (entry.attached && entry.served) this.#attach(entry, entry.attached, entry.served);
    entry.noteState();
  }

  async #detachIfGone(entry: ProbeEntry, present: FoundProbe | undefined): Promise<void> {
    if (!entry.attached || entry.attached.device.key === present?.device.key) return;
    entry.attached = undefined;
    this.#options.services.log.info('probe detached', { uid: entry.uid });
    this.#options.onEvent({ type: 'detached', uid: entry.uid });
    await entry.served?.session.detach();
  }

  #announceAccess(entry: ProbeEntry, present: FoundProbe): void {
    logAccess(present, this.#options.services.log);
    if (!present.device.accessible) noteError(entry, accessProblem(present.device), this.#options.onEvent);
  }

  /** How a probe should be served; undefined if it should not be, or cannot be, and then the entry says why. */
  async #plan(entry: ProbeEntry): Promise<ServingPlan | undefined> {
    const { book } = this.#options;
    const { uid } = entry;
    entry.ignored = reasonToIgnore(this.#config, entry, book.recordOf(uid));
    if (entry.ignored !== undefined) {
      entry.failure = undefined;
      return undefined;
    }
    if (entry.unserved && !entry.seen && !this.#isBooked(uid)) return undefined;
    let port: number;
    try {
      port = (await book.assign(uid)) || (entry.served?.plan.port ?? 0);
    } catch (error) {
      this.#failed(entry, error);
      return undefined;
    }
    return servingPlan(this.#config, { uid, port }, book.recordOf(uid));
  }

  async #start(entry: ProbeEntry, plan: ServingPlan): Promise<void> {
    const { services, onEvent, book } = this.#options;
    const { uid } = entry;
    const { clock, log } = services;
    entry.servedWith = { config: this.#config, operator: book.recordOf(uid) };
    const onLeft = (): void => {
      if (entry.isWaiting) this.#passes.makeSoon();
    };
    const events = servingEvents(entry, { clock, log, onEvent, onLeft });
    try {
      entry.served = await ServedProbe.start(plan, entry, services, events);
    } catch (error) {
      this.#failed(entry, error);
      return;
    }
    const { port } = entry.served.server;
    entry.failure = undefined;
    log.info('probe served', { uid, port });
    if (!entry.attached) onEvent({ type: 'served', uid, port });
  }

  async #stop(entry: ProbeEntry): Promise<void> {
    const { served } = entry;
    entry.served = undefined;
    entry.isWaiting = false;
    await served?.[Symbol.asyncDispose]();
  }

  /** Tells the session how to open the probe, if it does not know. */
  #attach(entry: ProbeEntry, { driver, device }: FoundProbe, { session, server, plan }: ServedProbe): void {
    if (session.attached) return;
    const { bus, services } = this.#options;
    const { clock, log } = services;
    const { uid } = entry;
    const { postedWrites, packetsInFlight } = plan.settings;
    const settings = { postedWrites, ...(packetsInFlight !== undefined && { maxPacketsInFlight: packetsInFlight }) };
    session.attach((signal) => driver.open(device, { uid, bus, clock, log: log.child({ uid }), settings }, signal));
    this.#options.onEvent({ type: 'served', uid, port: server.port });
  }

  #failed(entry: ProbeEntry, cause: unknown): void {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const { uid } = entry;
    if (entry.failure?.message !== error.message) {
      entry.noteError(error);
      this.#options.services.log.error('probe is not served', { uid, error: describeError(error) });
      this.#options.onEvent({ type: 'failed', uid, error: describeError(error) });
    }
    entry.failure = error;
    this.#passes.retryLater();
  }
}
