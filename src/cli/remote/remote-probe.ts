// One probe of a host, as an endpoint of the probe protocol.

import type { Duplex } from 'node:stream';
import { type ProbeEndpoint, tcpEndpoint } from '../../client/endpoint.js';
import type { ProbeRow } from '../../control/snapshots.js';
import { openClientOf } from '../open-client.js';
import type { World } from '../world.js';
import { addressOf } from './address-of.js';
import { findProbe } from './find-probe.js';
import { type Host, type LocalHost, nameOfHost } from './host.js';
import { sshProbe } from './ssh-probe.js';

/**
 * Connects anew each time, to wherever the probe is served by then.
 * @param row      the probe as it was listed just now
 * @param current  the probe as it is, where somebody is told of all that becomes of it; undefined where nobody knows
 */
export function remoteProbe(
  host: Host,
  row: ProbeRow,
  world: World,
  current: () => ProbeRow | undefined = () => undefined,
): ProbeEndpoint {
  if (host.kind === 'ssh') return sshProbe(host, row, world, current);
  return {
    name: `probe ${row.uid} of ${nameOfHost(host)}`,
    open: (signal) => openLocal(host, row.uid, { ...world, signal }),
  };
}

async function openLocal(host: LocalHost, uid: string, world: World): Promise<Duplex> {
  await using client = await openClientOf(host, world);
  return await tcpEndpoint(addressOf(await findProbe(client, uid, world.signal))).open(world.signal);
}
