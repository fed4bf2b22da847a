// Lists of other machines that may connect: `allow_remote`.

import { BlockList, isIP, isIPv4 } from 'node:net';
import { addressBytes } from '../base/address-bytes.js';
import { mappedIpv4 } from '../base/mapped-ipv4.js';
import { withoutScope } from '../base/without-scope.js';

/** The word for everybody: it has to be said, and is never the default. */
const ANY = 'any';

/**
 * Addresses and networks, compiled. IPv4 is never matched by an IPv6 network, as a `BlockList` alone would by "::/0": who
 * lets in the one family has not let in the other.
 */
export class AllowList {
  readonly #lists = { 4: new BlockList(), 6: new BlockList() };
  readonly #isForAny: boolean;

  /** @param entries  each without a problem */
  constructor(entries: readonly string[]) {
    this.#isForAny = entries.includes(ANY);
    for (const entry of entries) {
      if (entry === ANY) continue;
      const { address, prefix } = parse(entry);
      if (isIPv4(address)) this.#lists[4].addSubnet(address, prefix ?? 32, 'ipv4');
      else this.#lists[6].addSubnet(address, prefix ?? 128, 'ipv6');
    }
  }

  /** @param address  of a client, by number; IPv4 as such; a scope ("%eth0") means nothing here */
  has(address: string): boolean {
    const plain = withoutScope(address);
    if (this.#isForAny) return true;
    return isIPv4(plain) ? this.#lists[4].check(plain, 'ipv4') : this.#lists[6].check(plain, 'ipv6');
  }
}

/** What is wrong with an entry; undefined if nothing is. */
export function allowListProblem(entry: string): string | undefined {
  if (entry === ANY) return undefined;
  const { address, prefix, hasBadPrefix } = parse(entry);
  const version = isIP(address);
  if (version === 0) return 'that is no address: names of machines are not looked up';
  if (address.includes('%')) return 'an entry has no scope ("%eth0"): it holds on every interface';
  if (mappedIpv4(address) !== undefined) return 'an IPv4 address is written as such';
  if (hasBadPrefix || (prefix ?? 0) > (version === 4 ? 32 : 128)) {
    return `the prefix of an IPv${version} network is 0 to ${version === 4 ? 32 : 128}`;
  }
  if (prefix !== undefined && hasBitsBeyond(address, prefix)) {
    return 'that address is not the first of its network: leave the prefix out to mean it alone';
  }
  return undefined;
}

interface Entry {
  readonly address: string;
  /** In bits; undefined: the address alone. */
  readonly prefix?: number;
  readonly hasBadPrefix: boolean;
}

function parse(entry: string): Entry {
  const [address, ...prefixes] = entry.split('/');
  const [prefix] = prefixes;
  if (prefixes.length === 0) return { address, hasBadPrefix: false };
  return { address, prefix: Number(prefix), hasBadPrefix: !/^\d{1,3}$/.test(prefix) || prefixes.length > 1 };
}

/** Somebody who writes 192.0.2.7/24 may have meant either the address or the network. */
function hasBitsBeyond(address: string, prefix: number): boolean {
  return addressBytes(address).some((byte, i) => {
    const bitsInside = Math.min(Math.max(prefix - 8 * i, 0), 8);
    return (byte & (0xff >> bitsInside)) !== 0;
  });
}
