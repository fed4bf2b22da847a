// Probes of all hosts the user has named, and of those the network tells of, besides those of this machine.

import { abortAfter } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import type { ProbeRow } from '../control/snapshots.js';
import type { DiscoveredProbe } from '../discovery/browse.js';
import { openClientOf } from './open-client.js';
import { hostAt, type Host, type HostOptions, chooseHost } from './remote/host.js';
import type { World } from './world.js';

/** What one host says, or the network of it, or why it says nothing. */
export type HostList =
  | { readonly kind: 'asked'; readonly host?: string; readonly probes: readonly ProbeRow[] }
  | { readonly kind: 'discovered'; readonly host: string; readonly probes: readonly DiscoveredProbe[] }
  | { readonly kind: 'silent'; readonly host?: string; readonly problem: string };

/** Longer than a login takes, also through another host and with a slow name server. */
const PATIENCE_MS = 10_000;

/**
 * The default host first, then the named ones in the order of the file, then the others that the network tells of.
 * @param all  false: only the default host, whose failure is thrown
 */
export async function listHosts(all: boolean, options: HostOptions, world: World): Promise<readonly HostList[]> {
  const own = await chooseHost(options, world);
  const ownName = own.kind === 'ssh' ? (options.host ?? world.env.PROBED_HOST) : undefined;
  if (!all) return [{ kind: 'asked', ...named(ownName), probes: await probesOf(own, world) }];
  const others = [...(await world.namedHosts())].filter(([name]) => name !== ownName);
  const [discovered, ...asked] = await Promise.all([
    discover(world),
    ask(ownName, () => own, world),
    ...others.map(([name, host]) => ask(name, () => hostAt(host), world)),
  ]);
  world.signal.throwIfAborted(); // Ctrl-C, and no fault of the hosts
  return [...asked, ...withoutAsked(discovered, asked)];
}

/** @param choose  throws if what the user calls by that name is no host */
async function ask(name: string | undefined, choose: () => Host, world: World): Promise<HostList> {
  using patience = abortAfter(PATIENCE_MS, world.clock);
  try {
    const signal = AbortSignal.any([world.signal, patience.signal]);
    return { kind: 'asked', ...named(name), probes: await probesOf(choose(), { ...world, signal }) };
  } catch (error) {
    const problem = patience.signal.aborted ? `no answer within ${PATIENCE_MS / 1000} s` : describeError(error);
    return { kind: 'silent', ...named(name), problem };
  }
}

function named(host: string | undefined): { readonly host?: string } {
  return host === undefined ? {} : { host };
}

async function probesOf(host: Host, world: World): Promise<readonly ProbeRow[]> {
  await using client = await openClientOf(host, world);
  return (await client.call('list', {}, world.signal)).probes;
}

/** One list for each machine. Two may have the same name, and then their addresses tell them apart. */
async function discover({ browse, signal }: World): Promise<readonly HostList[]> {
  let probes: readonly DiscoveredProbe[];
  try {
    probes = await browse(signal);
  } catch (error) {
    return [{ kind: 'silent', host: 'other machines', problem: `multicast DNS: ${describeError(error)}` }];
  }
  const machines = new Map<string, { readonly host: string; readonly probes: DiscoveredProbe[] }>();
  for (const probe of probes) {
    const machine = `${probe.host} (${probe.addresses.join(' ')})`;
    const known = machines.get(machine);
    if (known) known.probes.push(probe);
    else machines.set(machine, { host: probe.host, probes: [probe] });
  }
  const hosts = [...machines.values()].map(({ host }) => host);
  return [...machines].map(([machine, { host, probes: those }]) => ({
    kind: 'discovered',
    host: hosts.filter((other) => other === host).length > 1 ? machine : host,
    probes: those,
  }));
}

/**
 * A host that was asked may also tell the network. Whether a machine of the network is one that was asked over ssh
 * nobody says: a probe with the same uid at the same port is taken for the same, if there is only one.
 */
function withoutAsked(discovered: readonly HostList[], asked: readonly HostList[]): readonly HostList[] {
  const placesIn = (lists: readonly HostList[]): readonly string[] =>
    lists.flatMap((list) => (list.kind === 'silent' ? [] : list.probes.map(placeOf)));
  const elsewhere = placesIn(discovered);
  const here = placesIn(asked.filter(({ host }) => host === undefined));
  const there = placesIn(asked.filter(({ host }) => host !== undefined)).filter(
    (place) => elsewhere.indexOf(place) === elsewhere.lastIndexOf(place),
  );
  return discovered
    .map((list) => {
      if (list.kind !== 'discovered') return list;
      const probes = list.probes.filter((probe) => !(probe.isHere ? here : there).includes(placeOf(probe)));
      return { ...list, probes };
    })
    .filter((list) => list.kind === 'silent' || list.probes.length > 0);
}

function placeOf({ uid, port }: Pick<ProbeRow, 'uid' | 'port'>): string {
  return JSON.stringify([uid, port]);
}
