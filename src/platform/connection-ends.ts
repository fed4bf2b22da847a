import type { Socket } from 'node:net';
import { mappedIpv4 } from '../base/mapped-ipv4.js';
import type { Endpoint } from './socket-owners.js';

/** Both ends of a connection; IPv4 addresses as such. */
export interface Ends {
  readonly peer: Endpoint;
  readonly own: Endpoint;
}

export function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): Ends {
  return { peer: endpoint(remoteAddress, remotePort), own: endpoint(localAddress, localPort) };
}

function endpoint(address = 'unknown', port = 0): Endpoint {
  // IPv4 clients of an IPv6 listener are IPv4.
  return { address: mappedIpv4(address) ?? address, port };
}
