import { isIP, SocketAddress } from 'node:net';
import { RequestError } from '../base/errors.js';
import { mappedIpv4 } from '../base/mapped-ipv4.js';

/**
 * A principal as clients have it, from what an operator has typed: an address can be written in more than one way.
 * @throws RequestError  for what is no address
 */
export function normalPrincipal(typed: string): string {
  if (!typed.startsWith('addr:')) return typed;
  const given = typed.slice('addr:'.length);
  const address = mappedIpv4(given) ?? given;
  const version = isIP(address);
  if (version === 0) throw new RequestError(`"${address}" is no IPv4 or IPv6 address`);
  return `addr:${new SocketAddress({ address, family: version === 4 ? 'ipv4' : 'ipv6' }).address}`;
}
