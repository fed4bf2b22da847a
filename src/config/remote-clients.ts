// Which probes clients of other machines may use, and where a probe is served for them.

import { type Config, LOOPBACK } from './config.js';
import { probeSettings } from './probe-policy.js';

/**
 * Whether any client of another machine may use a probe: `allow_remote` lets somebody in, and the probe is served on an
 * address that can be reached from outside.
 */
export function mayBeUsedRemotely(config: Config, uid: string): boolean {
  return probeSettings(config, uid).allowRemote.length > 0 && !servingHosts(config, uid).every(isLoopback);
}

/**
 * The addresses a probe is served on, by number, each once. Where the config does not say: those of loopback, or every
 * address of the machine for a probe that somebody of another machine may use.
 */
export function servingHosts(config: Config, uid: string): readonly string[] {
  const { addresses } = config.settings.listen;
  const isSet = config.sourceOf(['listen', 'addresses']) !== 'default';
  if (!isSet && probeSettings(config, uid).allowRemote.length > 0) return ['0.0.0.0', '::'];
  return [...new Set(addresses.flatMap((address) => (address === 'localhost' ? LOOPBACK : [address])))];
}

/** Whether an address is one that only this machine can connect to. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address.startsWith('127.') || address === '::1';
}
