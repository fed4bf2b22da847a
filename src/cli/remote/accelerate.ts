import { type TcpAddress, tcpEndpoint } from '../../client/endpoint.js';
import { ExitCode } from '../exit-codes.js';
import type { World } from '../world.js';
import { serveLocally } from './serve-locally.js';
import { untilSignalled } from './until-signalled.js';

/** Serves a probe at some address again on this machine, without a wait for each request, until it is told to stop. */
export async function accelerate(address: TcpAddress, port: number | undefined, world: World): Promise<ExitCode> {
  const socketOptions = await world.loadSocketOptions();
  const endpoint = tcpEndpoint(address, socketOptions);
  await using helper = await serveLocally({ endpoint, port, prods: true }, socketOptions, world);
  world.stdout.write(`${endpoint.name}: pyocd … -u remote:localhost:${helper.port}\n`);
  await untilSignalled(world);
  return ExitCode.Ok;
}
