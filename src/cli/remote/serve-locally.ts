import { Accelerator, type AcceleratorOptions } from '../../client/accelerator.js';
import type { SocketOptions } from '../../platform/socket-options.js';
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
  return await Accelerator.listen({
    ...{ ...options, clock, system: socketOptions },
    ...(port !== undefined && { port }),
  });
}
