// Asks the network which probes it has.

import multicastDns, { type MulticastDNS } from 'multicast-dns';
import type { Question } from 'dns-packet';
import { type Clock, sleep } from '../base/clock.js';
import { Disposer } from '../base/disposer.js';
import { SERVICE_TYPE } from './advertised-probe.js';
import { type NetworkInterfaces, reachableAddresses } from './reachable-addresses.js';
import { type CollectedProbe, RecordCollection } from './record-collection.js';

/** A probe that a machine of the network says it serves. */
export interface DiscoveredProbe extends CollectedProbe {
  /** Its machine is this one. */
  readonly isHere: boolean;
}

/** Multicast DNS over IPv6: RFC 6762, 3. */
const GROUP_V6 = 'ff02::fb';
/** Answers are held back for up to 120 ms (RFC 6762, 6), and either packet may get lost: asked once more after this. */
const ASK_AGAIN_MS = 400;
const LISTEN_MS = 1000;
/** In one packet, of no more than 1500 bytes. */
const MAX_QUESTIONS = 12;

export interface BrowseOptions {
  readonly clock: Clock;
  readonly interfaces: () => NetworkInterfaces;
  readonly signal: AbortSignal;
}

/**
 * Listens for a second, on every interface. Only who is there answers: nothing is remembered from one call to the next.
 *
 * @returns none where there is no network
 * @throws  what the system says, if no socket can be had on any interface
 */
export async function browse({ clock, interfaces, signal }: BrowseOptions): Promise<readonly DiscoveredProbe[]> {
  await using disposer = new Disposer();
  const records = new RecordCollection();
  const ask: Question[] = [{ name: `_${SERVICE_TYPE}._tcp.local`, type: 'PTR' }];
  const errors: Error[] = [];
  const sockets = placesOf(interfaces()).map((place) => {
    const socket = disposer.use(new Asker(place, (error) => errors.push(error)));
    socket.mdns.on('response', ({ answers, additionals }) =>
      records.take([...(answers ?? []), ...(additionals ?? [])]),
    );
    return socket;
  });
  if (sockets.length === 0) return [];
  for (let passed = 0; passed < LISTEN_MS; passed += ASK_AGAIN_MS) {
    const questions = [...ask, ...records.missing()].slice(0, MAX_QUESTIONS);
    for (const socket of sockets) socket.ask(questions);
    await sleep(clock, Math.min(ASK_AGAIN_MS, LISTEN_MS - passed), signal);
  }
  if (errors.length >= sockets.length) throw errors[0];
  const own = reachableAddresses(['0.0.0.0', '::'], interfaces());
  return records.probes().map((probe) => ({ ...probe, isHere: probe.addresses.some((one) => own.includes(one)) }));
}

interface Place {
  readonly type: 'udp4' | 'udp6';
  /** As the system's calls want it: an address of the interface, or for IPv6 "::%eth0". */
  readonly interface: string;
}

/** Each interface once for each family that it has. */
function placesOf(interfaces: NetworkInterfaces): readonly Place[] {
  return Object.entries(interfaces).flatMap(([name, infos = []]): Place[] => {
    const outside = infos.filter(({ internal }) => !internal);
    const v4 = outside.find(({ family }) => family === 'IPv4');
    return [
      ...(v4 ? [{ type: 'udp4' as const, interface: v4.address }] : []),
      ...(outside.some(({ family }) => family === 'IPv6') ? [{ type: 'udp6' as const, interface: `::%${name}` }] : []),
    ];
  });
}

/** A socket on one interface. */
class Asker implements AsyncDisposable {
  readonly mdns: MulticastDNS;
  #failed = false;

  /** @param onFailure  called once at most; then it stays silent */
  constructor(place: Place, onFailure: (error: Error) => void) {
    // Bound to no address: a socket that is gets no multicast on Linux.
    const group = place.type === 'udp6' ? { ip: GROUP_V6, bind: '::' } : { bind: '0.0.0.0' };
    this.mdns = multicastDns({ ...place, ...group });
    const fail = (error: Error): void => {
      if (!this.#failed) onFailure(error);
      this.#failed = true;
    };
    this.mdns.on('error', fail);
    this.mdns.on('warning', () => undefined); // of packets that are none, and interfaces that have just gone
  }

  ask(questions: readonly Question[]): void {
    if (!this.#failed) this.mdns.query([...questions]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => this.mdns.destroy(resolve));
  }
}
