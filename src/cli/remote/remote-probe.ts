// One probe of a host, as an endpoint of the probe protocol.

import type { Duplex } from 'node:stream';
import { RequestError } from '../../base/errors.js';
import { type ProbeEndpoint, type TcpAddress, tcpEndpoint } from '../../client/endpoint.js';
import type { ProbeRow } from '../../control/snapshots.js';
import { openClientOf } from '../open-client.js';
import type { World } from '../world.js';
import { findProbe } from './find-probe.js';
import { type Host, type LocalHost, nameOfHost } from './host.js';
import { openSsh } from './ssh-stream.js';

/** Connects anew each time, to wherever the probe is served by then. */
export function remoteProbe(host: Host, uid: string, world: World): ProbeEndpoint {
  return {
    name: `probe ${uid} of ${nameOfHost(host)}`,
    open: async (signal) =>
      host.kind === 'ssh'
        ? openSsh(host, ['dial-stdio', '--probe', uid], world.env)
        : await openLocal(host, uid, { ...world, signal }),
  };
}

async function openLocal(host: LocalHost, uid: string, world: World): Promise<Duplex> {
  await using client = await openClientOf(host, world);
  return await tcpEndpoint(addressOf(await findProbe(client, uid, { kind: 'no' }, world))).open(world.signal);
}

/** "[::1]:5555" */
const ADDRESS = /^\[?(?<host>[^\]]*?)\]?:(?<port>\d+)$/;

/** Where a served probe listens: on the loopback interface if it can be chosen. */
export function addressOf({ uid, addresses }: ProbeRow): TcpAddress {
  const address = addresses.find((text) => /^(127\.|\[::1\])/.test(text)) ?? addresses.at(0);
  const groups: Partial<Record<string, string>> = ADDRESS.exec(address ?? '')?.groups ?? {};
  const { host, port } = groups;
  if (host === undefined) throw new RequestError(`probe ${uid} is not served on any address`);
  // A listener on every address is reached through the loopback one.
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return { host: reachable, port: Number(port) };
}
