import type { ProbeRow } from './snapshots.js';

/**
 * What the pyocd command is to be told to use a probe from here: "-u remote:localhost:5555 -t rp2040". Where the config
 * has no target type, whoever uses it must add one: pyOCD cannot ask a remote probe what board it is on.
 *
 * @returns  nothing where pyOCD cannot be told: see `pyocdAddress`
 */
export function pyocdOptions(probe: Pick<ProbeRow, 'addresses' | 'port' | 'target'>): string {
  const address = pyocdAddress(probe);
  if (address === undefined) return '';
  return `-u ${address}${probe.target === undefined ? '' : ` -t ${probe.target}`}`;
}

/**
 * A probe as pyOCD addresses it: "remote:localhost:5555".
 *
 * @returns  undefined where it has no port, or listens only on IPv6 addresses of the network: behind "remote:", pyOCD takes what
 *           comes before the next colon for the host, with brackets or without (pyOCD 0.45, `TCPClientProbe._extract_address`)
 */
export function pyocdAddress({ addresses, port }: Pick<ProbeRow, 'addresses' | 'port'>): string | undefined {
  if (port === undefined) return undefined;
  const isLocal = addresses.length === 0 || addresses.some((address) => /^(127\.|0\.0\.0\.0|\[::1?\])/.test(address));
  const host = isLocal ? 'localhost' : addresses.find((address) => !address.startsWith('['))?.replace(/:\d+$/, '');
  return host === undefined ? undefined : `remote:${host}:${port}`;
}
