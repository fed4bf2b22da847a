import { isIPv6 } from 'node:net';
import { addressBytes } from './address-bytes.js';

/** What an IPv6 address that stands for an IPv4 one begins with, in bytes: ::ffff:0:0/96, RFC 4291 2.5.5.2. */
export const MAPPED_PREFIX = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * The IPv4 address that an IPv6 one stands for, however that is written: "::ffff:c000:207" is "192.0.2.7". Undefined for
 * any other.
 * @param address  by number, without scope
 */
export function mappedIpv4(address: string): string | undefined {
  if (!isIPv6(address)) return undefined;
  const bytes = addressBytes(address);
  return MAPPED_PREFIX.every((byte, i) => bytes[i] === byte) ? bytes.slice(MAPPED_PREFIX.length).join('.') : undefined;
}
