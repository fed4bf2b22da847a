import { ControlClient, NoDaemonError } from '../control/control-client.js';
import { chooseHost, type Host, type HostOptions } from './remote/host.js';
import type { SshOptions } from './remote/ssh-process.js';
import { openSsh } from './remote/ssh-stream.js';
import type { World } from './world.js';

/** Connects to the daemon of the host that the command line, the environment or habit says. @throws NoDaemonError */
export async function openClient(options: HostOptions, world: World): Promise<ControlClient> {
  return await openClientOf(await chooseHost(options, world), world);
}

/** @throws NoDaemonError  of the path that says most; for a host over ssh it is `call` that fails */
export async function openClientOf(host: Host, { env }: World, options: SshOptions = {}): Promise<ControlClient> {
  if (host.kind === 'ssh') return ControlClient.over(openSsh(host, ['dial-stdio'], env, options));
  return await firstThatAnswers(host.sockets, (path) => ControlClient.connect(path));
}

/**
 * Tries paths in order.
 * @param open  rejects with `NoDaemonError` where no daemon answers
 * @throws NoDaemonError  of the path that says most
 */
export async function firstThatAnswers<T>(paths: readonly string[], open: (path: string) => Promise<T>): Promise<T> {
  const errors: NoDaemonError[] = [];
  for (const path of paths) {
    try {
      return await open(path);
    } catch (error) {
      if (!(error instanceof NoDaemonError)) throw error;
      errors.push(error);
    }
  }
  throw errors.find(({ reason }) => reason !== 'absent') ?? errors.at(0) ?? new NoDaemonError('-', undefined);
}
