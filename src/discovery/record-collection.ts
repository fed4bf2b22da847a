// What has been heard of the network's probes: DNS records, put together. They come from anybody, and say anything.

import { isIP } from 'node:net';
import type { Answer, Question } from 'dns-packet';
import { addressBytes } from '../base/address-bytes.js';
import { mappedIpv4 } from '../base/mapped-ipv4.js';
import { type AdvertisedProbe, fromTxt, SERVICE_TYPE } from './advertised-probe.js';

/** A probe, as it was heard of. */
export interface CollectedProbe extends AdvertisedProbe {
  /** By number; those that everybody can use first. */
  readonly addresses: readonly string[];
}

const TYPE_NAME = `_${SERVICE_TYPE}._tcp.local`;
/** A network with more probes is none, but somebody who fills our memory. */
const MAX_SERVICES = 1024;
const MAX_ADDRESSES = 16;
/** The first byte of every IPv6 multicast address: RFC 4291 2.7. */
const MULTICAST = 0xff;

interface Service {
  srv?: { readonly target: string; readonly port: number };
  txt?: readonly Uint8Array[];
}

export class RecordCollection {
  /** By name, as it is written in the record; in lower case, which is the same name (RFC 6762, 16). */
  readonly #services = new Map<string, Service>();
  readonly #addresses = new Map<string, Set<string>>();

  /** Takes the records of one packet, in any order. Of several with one name the newest counts. */
  take(records: readonly Answer[]): void {
    // First which services there are, and what they are called by: what comes with them is about them.
    for (const record of records) if (record.type === 'PTR') this.#takePointer(record.name, record.data, record.ttl);
    for (const record of records) {
      const name = record.name.toLowerCase();
      if (record.type === 'SRV') this.#takeService(name, record.data);
      else if (record.type === 'TXT') this.#takeText(name, record.data);
    }
    for (const record of records)
      if (record.type === 'A' || record.type === 'AAAA') this.#takeAddress(record.name.toLowerCase(), record.data);
  }

  /** What to ask for: all that was referred to, and did not come along. */
  missing(): readonly Question[] {
    return [...this.#services].flatMap(([name, { srv, txt }]): Question[] => [
      ...(srv ? [] : [{ name, type: 'SRV' as const }]),
      ...(txt ? [] : [{ name, type: 'TXT' as const }]),
      ...(srv && !this.#addresses.has(srv.target)
        ? [{ name: srv.target, type: 'A' as const }, { name: srv.target, type: 'AAAA' as const }] // prettier-ignore
        : []),
    ]);
  }

  /** Those of which all is known, by host and uid; hosts of one name by address. */
  probes(): readonly CollectedProbe[] {
    const probes = [...this.#services.values()].flatMap(({ srv, txt }) => {
      const addresses = srv && [...(this.#addresses.get(srv.target) ?? [])].sort(byUse);
      if (!srv || !txt || !addresses?.[0]) return [];
      const probe = fromTxt(txt, { port: srv.port, host: addresses[0] });
      return probe ? [{ ...probe, addresses }] : [];
    });
    return probes.sort(
      (a, b) =>
        compare(a.host, b.host) ||
        compare(a.uid, b.uid) ||
        a.addresses[0].localeCompare(b.addresses[0], 'en', { numeric: true }) ||
        a.port - b.port,
    );
  }

  #takePointer(name: string, target: string, ttl: number | undefined): void {
    const service = target.toLowerCase();
    if (name.toLowerCase() !== TYPE_NAME || !service.endsWith(`.${TYPE_NAME}`)) return;
    if (ttl === 0)
      this.#services.delete(service); // a goodbye: RFC 6762, 10.1
    else if (!this.#services.has(service) && this.#services.size < MAX_SERVICES) this.#services.set(service, {});
  }

  #takeService(name: string, { target, port }: { readonly target: string; readonly port: number }): void {
    const service = this.#services.get(name);
    if (service) service.srv = { target: target.toLowerCase(), port };
  }

  #takeText(name: string, data: string | Buffer | readonly (string | Buffer)[]): void {
    const service = this.#services.get(name);
    if (!service) return;
    const strings = Array.isArray(data) ? (data as readonly (string | Buffer)[]) : [data as string | Buffer];
    service.txt = strings.map((text) => (typeof text === 'string' ? new TextEncoder().encode(text) : text));
  }

  #takeAddress(name: string, address: string): void {
    const isTarget = [...this.#services.values()].some(({ srv }) => srv?.target === name);
    if (!isTarget || !isOthers(address)) return;
    const known = this.#addresses.get(name) ?? new Set();
    if (known.size < MAX_ADDRESSES) this.#addresses.set(name, known.add(address));
  }
}

/** Whether it is one of a single other machine: a record that leads back to us, or to everybody, is no good. */
function isOthers(address: string): boolean {
  if (isIP(address) === 4) return !/^(0|127|22[4-9]|23\d|24\d|25[0-5])\./.test(address);
  if (isIP(address) !== 6 || mappedIpv4(address) !== undefined) return false;
  const bytes = addressBytes(address);
  const isUs = bytes.slice(0, -1).every((byte) => byte === 0) && bytes[15] <= 1; // :: and ::1
  return !isUs && bytes[0] !== MULTICAST;
}

/** IPv4, which every client takes, before IPv6, before addresses that hold on one link only. */
function byUse(a: string, b: string): number {
  const rank = (address: string): number => (isIP(address) === 4 ? 0 : /^fe[89ab]/i.test(address) ? 2 : 1);
  return rank(a) - rank(b) || compare(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
