// Principals as operators type them, and as clients have them.

import { isIP, SocketAddress } from 'node:net';
import { RequestError } from '../base/errors.js';
import { mappedIpv4 } from '../base/mapped-ipv4.js';
import { withoutScope } from '../base/without-scope.js';

/** What is known of users. */
interface UserNames {
  nameOf(uid: number): Promise<string | undefined>;
}

/** The highest user id: (uid_t) -1 stands for none. */
const MAX_UID = 2 ** 32 - 2;

/** What a local user is called: "user:ada", or "uid:1000" where nobody knows a name. */
export async function userPrincipal(uid: number, users: UserNames): Promise<string> {
  const name = await users.nameOf(uid);
  return name === undefined ? `uid:${uid}` : `user:${name}`;
}

/**
 * A principal as clients have it, from what an operator has typed: users with a name are not told by their number, and
 * an address can be written in more than one way.
 * @throws RequestError  for what no client can be
 */
export async function normalPrincipal(typed: string, users: UserNames): Promise<string> {
  const [kind] = typed.split(':', 1);
  const rest = typed.slice(kind.length + 1);
  if (kind === 'addr') return `addr:${normalAddress(rest)}`;
  if (kind !== 'uid') return typed;
  const uid = Number(rest);
  if (!(uid <= MAX_UID)) throw new RequestError(`"${rest}" is the number of no user: they end at ${MAX_UID}`);
  return userPrincipal(uid, users);
}

function normalAddress(typed: string): string {
  const plain = withoutScope(typed);
  const scope = typed.slice(plain.length);
  const address = mappedIpv4(plain) ?? plain;
  const version = isIP(address);
  if (version === 0) throw new RequestError(`"${typed}" is no IPv4 or IPv6 address`);
  const normal = new SocketAddress({ address, family: version === 4 ? 'ipv4' : 'ipv6' }).address;
  const isLinkLocal = version === 6 && /^fe[89ab]/.test(normal); // RFC 4291, 2.5.6: fe80::/10
  if (isLinkLocal && scope === '') {
    throw new RequestError(
      `${normal} is another machine on every link: name this one's interface, as in "${normal}%eth0"`,
    );
  }
  if (!isLinkLocal && scope !== '') throw new RequestError(`${normal} has no scope: leave "${scope}" out`);
  return normal + scope;
}
