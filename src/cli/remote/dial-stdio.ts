// Standard input and output as a connection: what `--host ssh://…` runs at the other end.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { NoDaemonError } from '../../control/control-client.js';
import { ExitCode } from '../exit-codes.js';
import { firstThatAnswers, openClientOf } from '../open-client.js';
import type { World } from '../world.js';
import { findProbe } from './find-probe.js';
import { chooseThisMachine, type HostOptions, type LocalHost } from './host.js';
import { addressOf } from './address-of.js';

/**
 * Connects them to the daemon's control socket, or to a probe, until either side has ended.
 * @param probe  its uid, name or prefix
 */
export async function dialStdio(probe: string | undefined, options: HostOptions, world: World): Promise<ExitCode> {
  const host = await chooseThisMachine('dial-stdio', options, world); // whoever comes from another one wants this
  const socket =
    probe === undefined ? await firstThatAnswers(host.sockets, dialDaemon) : await dialProbe(probe, host, world);
  const { stdin, stdout } = world.stdio;
  stdin.pipe(socket);
  socket.pipe(stdout);
  socket.once('end', () => socket.end());
  try {
    await once(socket, 'close', { signal: world.signal });
  } finally {
    socket.destroy();
    stdin.destroy();
  }
  return ExitCode.Ok;
}

async function dialDaemon(path: string): Promise<Socket> {
  const socket = connect({ path, allowHalfOpen: true });
  try {
    await once(socket, 'connect');
  } catch (cause) {
    throw new NoDaemonError(path, cause);
  }
  return socket;
}

async function dialProbe(given: string, host: LocalHost, world: World): Promise<Socket> {
  await using client = await openClientOf(host, world);
  const address = addressOf(await findProbe(client, given, world.signal));
  const socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
  await once(socket, 'connect');
  return socket;
}
