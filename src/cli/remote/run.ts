import { Accelerator } from '../../client/accelerator.js';
import { UsageError } from '../report-error.js';
import type { World } from '../world.js';
import { runChild } from './child.js';
import { chooseHost, type HostOptions } from './host.js';
import { endpointWithTurn } from './open-turn.js';
import { fillIn } from './pyocd-command.js';
import { type Wait, waitForProbe } from './wait-for-probe.js';

export interface RunOptions {
  /** Uid, name or prefix. */
  readonly probe: string;
  readonly command: readonly string[];
  readonly wait: Wait;
  /** Pass requests on as they are, each waiting for its reply. */
  readonly plain: boolean;
}

/** Runs a command with a probe of some host on a port of its own. @returns the command's exit code */
export async function runWithProbe(options: RunOptions, hostOptions: HostOptions, world: World): Promise<number> {
  const { probe: given, command, wait, plain } = options;
  if (command.length === 0) throw new UsageError('run: a command is missing: run UID -- pyocd cmd');
  const host = await chooseHost(hostOptions, world);
  const found = await waitForProbe(host, given, wait, world);
  const { uid, target } = found.row;
  using endpoint = endpointWithTurn(found.endpoint, found.turn);
  const { clock } = world;
  const socketOptions = await world.loadSocketOptions();
  await using helper = await Accelerator.listen({ endpoint, clock, socketOptions, pipelining: !plain });
  const [program = '', ...args] = fillIn(command, { port: helper.port, uid, ...(target !== undefined && { target }) });
  return await runChild([program, ...args], world);
}
