import { Accelerator, type AcceleratorOptions, type AcceleratorSystem } from '../../client/accelerator.js';
import { endsOf } from '../../platform/connection-ends.js';
import type { SocketOptions } from '../../platform/socket-options.js';
import { SocketOwners } from '../../platform/socket-owners.js';
import type { World } from '../world.js';

export type ServeOptions = Pick<AcceleratorOptions, 'endpoint' | 'pipelining' | 'prods'> & {
  readonly port: number | undefined;
};

/** Serves a probe again on a port of this machine, with all that the system can do for that. */
export async function serveLocally(
  { port, ...options }: ServeOptions,
  socketOptions: SocketOptions,
  { clock }: World,
): Promise<Accelerator> {
  const owners = new SocketOwners();
  const hasLeft: AcceleratorSystem['hasLeft'] = async (client) => {
    const { peer, own } = endsOf(client);
    return await owners.isAbandoned(peer, own).catch(() => false); // that cannot be told on this system
  };
  return await Accelerator.listen({
    ...{ ...options, clock, system: { ...socketOptions, hasLeft } },
    ...(port !== undefined && { port }),
  });
}
