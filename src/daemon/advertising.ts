// Keeps what the network is told equal to what is served: looks at the clock and after events, and makes up the
// difference. What tells the network is loaded only when there is something to tell.

import { type Clock } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { probeSettings } from '../config/probe-policy.js';
import { isLoopback, mayBeUsedRemotely } from '../config/remote-clients.js';
import type { DaemonEvent } from '../control/daemon-events.js';
import type { EventHistory } from '../control/event-history.js';
import { isServed } from '../control/is-served.js';
import type { AdvertisedProbe } from '../discovery/advertised-probe.js';
import type { Advertiser } from '../discovery/advertiser.js';
import { type NetworkInterfaces, reachableAddresses } from '../discovery/reachable-addresses.js';
import { Passes } from './passes.js';
import type { PortBook } from './port-book.js';
import type { ProbeEntry } from './probe-entry.js';
import type { Supervisor } from './supervisor.js';

export interface AdvertisingOptions {
  readonly supervisor: Supervisor;
  readonly book: PortBook;
  readonly events: EventHistory;
  readonly clock: Clock;
  readonly log: Logger;
  /** What `os` tells of this machine, at the moment. */
  readonly machine: { readonly hostname: () => string; readonly interfaces: () => NetworkInterfaces };
  readonly loadAdvertiser: () => Promise<Pick<Advertiser, 'advertise' | typeof Symbol.asyncDispose>>;
}

/** After these, at once. Clients come and go too often for the network: it is told at the next look. */
const TELLING: ReadonlySet<DaemonEvent['type']> = new Set(['attached', 'detached', 'served', 'changed', 'reloaded']);
/** How often it looks by itself: addresses and the machine's name change without an event. */
const LOOK_MS = 5000;

export class Advertising implements AsyncDisposable {
  #advertiser: Awaited<ReturnType<AdvertisingOptions['loadAdvertiser']>> | undefined;
  readonly #passes: Passes;
  #timer: Disposable | undefined;
  readonly #subscription: Disposable;

  /** Begins with what is served already. */
  constructor(private readonly options: AdvertisingOptions) {
    this.#passes = new Passes({ clock: options.clock, pass: () => this.#pass(), onFailed: this.#failed });
    this.#subscription = options.events.subscribe(({ event }) => {
      if (TELLING.has(event.type)) this.#look();
    });
    this.#look();
  }

  /** Takes back all that the network was told. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await this.#passes[Symbol.asyncDispose]();
    this.#timer?.[Symbol.dispose](); // last: the pass has set it
    await this.#advertiser?.[Symbol.asyncDispose]();
  }

  #look(): void {
    this.#passes.makeSoon();
  }

  /** Never rejects: it looks again anyway. */
  async #pass(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#tell().catch(this.#failed);
    this.#timer = this.options.clock.timer(LOOK_MS, () => this.#look());
  }

  async #tell(): Promise<void> {
    const { supervisor, machine, loadAdvertiser } = this.options;
    const { config, entries } = supervisor;
    const open = entries.filter(({ uid }) => config.settings.listen.advertise && mayBeUsedRemotely(config, uid));
    const hosts = open.flatMap(({ served }) => served?.plan.hosts ?? []);
    const addresses = reachableAddresses(hosts, machine.interfaces());
    const probes = addresses.length === 0 ? [] : open.flatMap((entry) => this.#probeOf(entry) ?? []);
    if (probes.length > 0) this.#advertiser ??= await loadAdvertiser();
    await this.#advertiser?.advertise(probes, addresses);
  }

  readonly #failed = (error: unknown): void =>
    this.options.log.warn('the network cannot be told of the probes', { error: describeError(error) });

  /** One that others can use now. An absent one is not there: it may be at another machine, which tells of it. */
  #probeOf({ uid, state, attached, served }: ProbeEntry): AdvertisedProbe | undefined {
    if (!isServed(state) || !attached || !served) return undefined;
    if (served.plan.hosts.every(isLoopback)) return undefined; // in use, and to listen elsewhere from its next client on
    const { supervisor, book, machine } = this.options;
    const { name, target } = probeSettings(supervisor.config, uid, book.recordOf(uid));
    const { vendorId, productId } = attached.device;
    return {
      ...{ uid, vendorId, productId, product: attached.match.product, state },
      ...(name !== undefined && { name }),
      ...(target !== undefined && { target }),
      ...{ host: machine.hostname(), port: served.server.port },
    };
  }
}
