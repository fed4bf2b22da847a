import type { Clock } from '../../base/clock.js';
import { never } from '../../base/never.js';
import type { ControlClient } from '../../control/control-client.js';
import type { ProbeRow } from '../../control/snapshots.js';
import { openClientOf } from '../open-client.js';
import { UsageError } from '../report-error.js';
import type { World } from '../world.js';
import { followProbe } from './follow-probe.js';
import { chooseHost, type HostOptions } from './host.js';
import { endpointWithTurn } from './open-turn.js';
import { remoteProbe } from './remote-probe.js';
import { runCommand } from './run-command.js';
import { serveLocally } from './serve-locally.js';
import { shareLogin } from './share-login.js';
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
  using login = await shareLogin(await chooseHost(hostOptions, world), world);
  const { host } = login;
  await using client = await openClientOf(host, world, { lendsLogin: true });
  const found = await waitForProbe({ host, client }, given, wait, world);
  const { uid, target } = found.row;
  const current = host.kind === 'ssh' ? rowOf(client, uid, world.clock) : undefined;
  using endpoint = endpointWithTurn(remoteProbe(host, found.row, world, current), found.turn);
  await using helper = await serveLocally(
    { endpoint, port: undefined, pipelining: !plain },
    await world.loadSocketOptions(),
    world,
  );
  return await runCommand(command, { port: helper.port, uid, ...(target !== undefined && { target }) }, world);
}

/**
 * Keeps a connection in use, and with it a login that it lends. One that is lost is not opened again: it might ask for a
 * password, on a terminal that is the command's.
 * @returns  how the probe is, for as long as that is known
 */
function rowOf(client: ControlClient, uid: string, clock: Clock): () => ProbeRow | undefined {
  let current: ProbeRow | undefined;
  followProbe(client, uid, (row) => (current = row), { clock, signal: never })
    .catch(() => undefined) // the connection has ended
    .finally(() => (current = undefined));
  return () => current;
}
