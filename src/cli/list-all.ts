// Probes of all hosts the user has named, besides those of this machine.

import { describeError } from '../base/errors.js';
import type { ProbeRow } from '../control/snapshots.js';
import { openClientOf } from './open-client.js';
import { hostAt, type Host, type HostOptions, chooseHost } from './remote/host.js';
import type { World } from './world.js';

/** A probe, and what to write for `--host` to reach it; nothing for the default host. */
export interface ListedProbe extends ProbeRow {
  readonly host?: string;
}

/** What one host says, or why it says nothing. */
export type HostList =
  | { readonly host?: string; readonly probes: readonly ProbeRow[] }
  | { readonly host?: string; readonly problem: string };

/**
 * The default host first, then the named ones in the order of the file. Hosts that discovery finds belong behind them.
 * @param all  false: only the default host, whose failure is thrown
 */
export async function listHosts(all: boolean, options: HostOptions, world: World): Promise<readonly HostList[]> {
  const own = await chooseHost(options, world);
  const ownName = own.kind === 'ssh' ? (options.host ?? world.env.PROBED_HOST) : undefined;
  if (!all) return [{ ...named(ownName), probes: await probesOf(own, world) }];
  const others = [...(await world.namedHosts())].filter(([name]) => name !== ownName);
  return await Promise.all([ask(ownName, own, world), ...others.map(([name, host]) => ask(name, hostAt(host), world))]);
}

async function ask(name: string | undefined, host: Host, world: World): Promise<HostList> {
  try {
    return { ...named(name), probes: await probesOf(host, world) };
  } catch (error) {
    return { ...named(name), problem: describeError(error) };
  }
}

function named(host: string | undefined): { readonly host?: string } {
  return host === undefined ? {} : { host };
}

async function probesOf(host: Host, world: World): Promise<readonly ProbeRow[]> {
  await using client = await openClientOf(host, world);
  return (await client.call('list', {}, world.signal)).probes;
}
