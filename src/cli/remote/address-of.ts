import { RequestError } from '../../base/errors.js';
import type { TcpAddress } from '../../client/endpoint.js';
import type { ProbeRow } from '../../control/snapshots.js';

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
