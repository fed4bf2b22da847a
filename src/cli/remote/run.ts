import { Accelerator } from '../../client/accelerator.js';
import type { ProbeRow } from '../../control/snapshots.js';
import { openClientOf } from '../open-client.js';
import { UsageError } from '../report-error.js';
import type { World } from '../world.js';
import { runChild } from './child.js';
import { followProbe } from './follow-probe.js';
import { chooseHost, type HostOptions } from './host.js';
import { endpointWithTurn } from './open-turn.js';
import { fillIn } from './pyocd-command.js';
import { remoteProbe } from './remote-probe.js';
import { SharedLogin } from './shared-login.js';
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
  using login = await SharedLogin.of(await chooseHost(hostOptions, world), world);
  const { host } = login;
  await using client = await openClientOf(host, world, { lendsLogin: true });
  const found = await waitForProbe({ host, client }, given, wait, world);
  const { uid, target } = found.row;
  let current: ProbeRow | undefined;
  // Once only: a login that is lost is not tried again behind the back of the command, whose terminal it may ask on.
  followProbe(client, uid, new AbortController().signal, (row) => (current = row))
    .catch(() => undefined)
    .finally(() => (current = undefined));
  using endpoint = endpointWithTurn(
    remoteProbe(host, found.row, world, () => current),
    found.turn,
  );
  const { clock } = world;
  const socketOptions = await world.loadSocketOptions();
  await using helper = await Accelerator.listen({ endpoint, clock, socketOptions, pipelining: !plain });
  const [program = '', ...args] = fillIn(command, { port: helper.port, uid, ...(target !== undefined && { target }) });
  return await runChild([program, ...args], world);
}
