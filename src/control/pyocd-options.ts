import type { ProbeRow } from './snapshots.js';

/**
 * What the pyocd command is to be told to use a probe from here: "-u remote:localhost:5555 -t rp2040". Where the config
 * has no target type, whoever uses it must add one: pyOCD cannot ask a remote probe what board it is on.
 */
export function pyocdOptions({ addresses, port, target }: Pick<ProbeRow, 'addresses' | 'port' | 'target'>): string {
  if (port === undefined) return '';
  const type = target === undefined ? '' : ` -t ${target}`;
  return `-u remote:${hostOf(addresses)}:${port}${type}`;
}

/** The host part of an address to connect to: this machine if it can be reached by that name. */
function hostOf(addresses: readonly string[]): string {
  const isLocal = addresses.some((address) => /^(127\.|0\.0\.0\.0|\[::1?\])/.test(address));
  const [first = 'localhost'] = addresses;
  return isLocal ? 'localhost' : first.replace(/:\d+$/, '');
}
