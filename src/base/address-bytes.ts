import { isIPv4 } from 'node:net';

/**
 * The bytes of an address in network order: 4 for IPv4, 16 for IPv6.
 * @param address  by number, without scope
 */
export function addressBytes(address: string): readonly number[] {
  return isIPv4(address) ? ipv4Bytes(address) : ipv6Bytes(address);
}

function ipv4Bytes(address: string): readonly number[] {
  return address.split('.').map(Number);
}

/** RFC 4291 2.2: groups of 16 bits, the longest row of zeros left out, the last two perhaps as an IPv4 address. */
function ipv6Bytes(address: string): readonly number[] {
  const [head, tail = []] = address.split('::').map((half) => half.split(':').filter(Boolean).flatMap(groupBytes));
  return [...head, ...Array.from({ length: 16 - head.length - tail.length }, () => 0), ...tail];
}

function groupBytes(group: string): readonly number[] {
  if (group.includes('.')) return ipv4Bytes(group);
  const word = Number.parseInt(group, 16);
  return [word >> 8, word & 0xff];
}
