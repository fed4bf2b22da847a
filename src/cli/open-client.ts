import { ControlClient, NoDaemonError } from '../control/control-client.js';
import type { World } from './world.js';

/** Which daemon to talk to. */
export interface DaemonAddress {
  /** `--socket` */
  readonly socket?: string;
}

/**
 * Connects to the daemon: by `--socket`, by PROBED_SOCKET, or where the daemon usually is. Other ways to a daemon (a
 * host, ssh) are other fields of `DaemonAddress`, and begin here.
 * @throws NoDaemonError  of the path that says most
 */
export async function openClient(address: DaemonAddress, { env, sockets }: World): Promise<ControlClient> {
  const told = address.socket ?? (env.PROBED_SOCKET === '' ? undefined : env.PROBED_SOCKET);
  const paths = told === undefined ? sockets : [told];
  const errors: NoDaemonError[] = [];
  for (const path of paths) {
    try {
      return await ControlClient.connect(path);
    } catch (error) {
      if (!(error instanceof NoDaemonError)) throw error;
      errors.push(error);
    }
  }
  throw errors.find(({ reason }) => reason !== 'absent') ?? errors.at(0) ?? new NoDaemonError('-', undefined);
}
