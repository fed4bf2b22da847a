// One login on a host for all that a command does there, by ssh's own sharing of connections.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { World } from '../world.js';
import type { SshHost } from './host.js';
import { destinationOf, type SshProcess } from './ssh-process.js';

/** unix(7), `sun_path` of macOS, the shortest, less what ssh puts behind the name while it makes the socket. */
const MAX_PATH_BYTES = 103 - 17;
/** Names that ssh_config(5) takes as they are: no quotes, no tokens, no variables. */
const PLAIN_PATH = /^\/[\w./-]+$/;

/**
 * ssh(1) calls it multiplexing: the ssh of a control client that is opened with `lendsLogin` logs in, and all others that
 * are started for the host go through its connection; while there is none, they log in by themselves. It saves the time
 * of a login, and a question for a password. And sshd sends off small replies at once only where a session has been on
 * the connection: on one that it merely forwards for, Nagle's algorithm holds them back (RFC 9293, 3.7.4).
 */
export class SharedLogin implements Disposable {
  readonly #lenders = new Set<SshProcess>();

  /** @param controlPath  where ssh lets others in; undefined: where the user's own config says */
  private constructor(readonly controlPath: string | undefined) {}

  /** @returns undefined where there is no place for the socket */
  static async on(host: SshHost, { env, signal }: Pick<World, 'env' | 'signal'>): Promise<SharedLogin | undefined> {
    if (await sharesAlready(host, env, signal)) return new SharedLogin(undefined);
    const name = `probectl-${randomBytes(8).toString('hex')}`;
    const folder = [env.XDG_RUNTIME_DIR ?? '', tmpdir(), '/tmp'].find((candidate) => isUsable(candidate, name));
    return folder === undefined ? undefined : new SharedLogin(path.join(folder, name));
  }

  /** Others may go through this one. It is not ended before all of them have. */
  lend(ssh: SshProcess): void {
    this.#lenders.add(ssh);
    ssh.once('exit', () => this.#lenders.delete(ssh));
  }

  /** Ends all that went through it. */
  [Symbol.dispose](): void {
    for (const ssh of this.#lenders) ssh.kill();
    // ssh removes it when it ends, unless it was killed.
    if (this.controlPath !== undefined) rmSync(this.controlPath, { force: true });
  }
}

function isUsable(folder: string, name: string): boolean {
  if (!PLAIN_PATH.test(folder) || Buffer.byteLength(path.join(folder, name)) > MAX_PATH_BYTES) return false;
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether the user's ssh lets others in by itself, or has done so. Not if it cannot say: whoever uses it next will. */
async function sharesAlready(host: SshHost, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<boolean> {
  const ask = async (...options: readonly string[]): Promise<string> =>
    (await promisify(execFile)('ssh', [...options, ...destinationOf(host)], { env, signal })).stdout;
  try {
    const config = await ask('-G');
    if (!/^controlpath /im.test(config)) return false;
    if (/^controlmaster auto/im.test(config)) return true;
    await ask('-O', 'check');
    return true;
  } catch {
    return false;
  }
}
