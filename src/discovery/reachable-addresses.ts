import type { NetworkInterfaceInfo } from 'node:os';

/** What `os.networkInterfaces()` gives. */
export type NetworkInterfaces = Readonly<Partial<Record<string, readonly NetworkInterfaceInfo[]>>>;

/**
 * The addresses at which other machines reach a server, sorted.
 *
 * @param hosts  what it listens on, by number; "0.0.0.0" and "::" are all addresses of their family
 */
export function reachableAddresses(hosts: readonly string[], interfaces: NetworkInterfaces): readonly string[] {
  const own = Object.values(interfaces)
    .flatMap((infos) => infos ?? [])
    .filter(({ internal }) => !internal);
  const reachable = own.filter(
    ({ address, family }) => hosts.includes(address) || hosts.includes(family === 'IPv6' ? '::' : '0.0.0.0'),
  );
  return [...new Set(reachable.map(({ address }) => address))].sort();
}
