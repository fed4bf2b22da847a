// Tells the network which probes are served here: multicast DNS (RFC 6762) and DNS-SD (RFC 6763), by ciao.

import { type CiaoService, getResponder, type Responder } from '@homebridge/ciao';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, waitAtMost } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { type AdvertisedProbe, instanceName, isAdvertisable, SERVICE_TYPE, toTxt } from './advertised-probe.js';
import { type NetworkInterfaces, reachableAddresses } from './reachable-addresses.js';

/** How long goodbyes may take: they are a courtesy, and who misses one finds out at the next query. */
const GOODBYE_MS = 500;

export interface AdvertiserOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly interfaces: () => NetworkInterfaces;
}

interface Advertised {
  readonly service: CiaoService;
  readonly name: string;
  readonly port: number;
  txt: Readonly<Record<string, string>>;
}

export class Advertiser implements AsyncDisposable {
  #responder: Responder | undefined;
  #addresses: readonly string[] = [];
  readonly #advertised = new Map<string, Advertised>();

  /** Advertises nothing yet, and has no socket. */
  constructor(private readonly options: AdvertiserOptions) {}

  /**
   * Advertises these probes and no others. Not to be called again before it has returned; that is when the goodbyes are
   * sent. A new name is looked for on the network, by which a probe appears a second or more later.
   *
   * @param addresses  where they can be reached, of this machine's own; on other interfaces nothing of them is heard
   */
  async advertise(probes: readonly AdvertisedProbe[], addresses: readonly string[]): Promise<void> {
    if (!isDeepStrictEqual(addresses, this.#addresses)) await this.#end();
    const wanted = new Map(probes.filter(isAdvertisable).map((probe) => [probe.uid, probe]));
    await this.#withdraw((uid, { name, port }) => {
      const probe = wanted.get(uid);
      return probe?.port !== port || instanceName(probe) !== name;
    });
    if (wanted.size === 0 || addresses.length === 0 || !this.#hasLoopback) return;
    this.#responder ??= getResponder({ interface: this.#interfacesOf(addresses), advertiseIpv6: true });
    this.#addresses = addresses;
    for (const [uid, probe] of wanted) {
      const txt = toTxt(probe);
      const there = this.#advertised.get(uid);
      if (!there) this.#advertised.set(uid, this.#start(this.#responder, probe, txt));
      else if (!isDeepStrictEqual(there.txt, txt)) {
        there.service.updateTxt(txt);
        there.txt = txt;
      }
    }
  }

  /** Says goodbye for all of them. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }

  #start(responder: Responder, probe: AdvertisedProbe, txt: Readonly<Record<string, string>>): Advertised {
    const { uid, port } = probe;
    const name = instanceName(probe);
    const log = this.options.log.child({ uid });
    const service = responder.createService({
      ...{ name, port, type: SERVICE_TYPE, txt },
      // Said only where it leaves something out: with it, ciao does not answer over IPv6.
      ...(this.#isEverywhere ? {} : { restrictedAddresses: [...this.#addresses] }),
      // ciao takes no two services with one host name, so that each has one of its own.
      hostname: `probed-${port}-${hostLabel(probe.host)}`,
    });
    service.on('name-change', (now: string) =>
      log.info('probe is advertised under another name', { wanted: name, now }),
    );
    service.advertise().catch((error: unknown) => log.warn('probe is not advertised', { error: describeError(error) }));
    return { service, name, port, txt };
  }

  async #withdraw(isOver: (uid: string, advertised: Advertised) => boolean): Promise<void> {
    const over = [...this.#advertised].filter(([uid, advertised]) => isOver(uid, advertised));
    for (const [uid] of over) this.#advertised.delete(uid);
    await this.#soon(Promise.all(over.map(([, { service }]) => service.destroy())));
  }

  async #end(): Promise<void> {
    await this.#withdraw(() => true);
    const responder = this.#responder;
    this.#responder = undefined;
    this.#addresses = [];
    if (responder) await this.#soon(responder.shutdown());
  }

  async #soon(goodbyes: Promise<unknown>): Promise<void> {
    const { clock, log } = this.options;
    try {
      await waitAtMost(GOODBYE_MS, goodbyes, clock);
    } catch (error) {
      log.debug('no goodbye to the network', { error: describeError(error) });
    }
  }

  get #isEverywhere(): boolean {
    return isDeepStrictEqual(this.#addresses, reachableAddresses(['0.0.0.0', '::'], this.options.interfaces()));
  }

  /** Where there is no loopback interface, ciao fails where nobody can catch it. */
  get #hasLoopback(): boolean {
    return Object.values(this.options.interfaces()).some((infos) => infos?.some(({ internal }) => internal));
  }

  /** By name. Left to itself, ciao would start a program every 15 s to learn them. */
  #interfacesOf(addresses: readonly string[]): string[] {
    return Object.entries(this.options.interfaces())
      .filter(([, infos]) => infos?.some(({ address }) => addresses.includes(address)))
      .map(([name]) => name);
  }
}

/** One label of a host name (RFC 1123, 2.1) made from what may be none. */
function hostLabel(host: string): string {
  return host.replace(/[^A-Za-z0-9]+/g, '-').slice(0, 40);
}
