// One login on a host for all that a command does there, by ssh's own sharing of connections.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, constants, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { World } from '../world.js';
import type { Host, SshHost } from './host.js';
import { destinationOf } from './ssh-process.js';

/** unix(7), `sun_path` of macOS, the shortest, less what ssh puts behind the name while it makes the socket. */
const MAX_PATH_BYTES = 103 - 17;

/**
 * ssh(1) calls it multiplexing: the ssh of a control client that is opened as `lasting` logs in, and all others that are
 * started for the host go through its connection; while there is none, they log in by themselves. It saves the time of
 * a login, and a question for a password. And sshd sends off small replies at once only where a session has been on the
 * connection: on one that it merely forwards for, Nagle's algorithm holds them back (RFC 9293, 3.7.4).
 */
export class SharedLogin implements Disposable {
  private constructor(readonly host: Host) {}

  /** For a host over ssh, unless there is no place for the socket. The user's own config goes first, if it shares. */
  static async of(host: Host, { env }: World): Promise<SharedLogin> {
    if (host.kind !== 'ssh') return new SharedLogin(host);
    const folder = env.XDG_RUNTIME_DIR ?? tmpdir();
    const controlPath = path.join(folder, `probectl-${randomBytes(8).toString('hex')}`);
    if (await sharesAlready(host, env)) return new SharedLogin({ ...host, login: { controlPath: undefined } });
    const isUsable = Buffer.byteLength(controlPath) <= MAX_PATH_BYTES && isWritable(folder);
    return new SharedLogin(isUsable ? { ...host, login: { controlPath } } : host);
  }

  /** ssh removes the socket when it ends, but for one that was killed. */
  [Symbol.dispose](): void {
    const controlPath = this.host.kind === 'ssh' ? this.host.login?.controlPath : undefined;
    if (controlPath !== undefined) rmSync(controlPath, { force: true });
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether ssh's config has a ControlPath for the host. False too where ssh cannot say: whoever uses it next will. */
async function sharesAlready(host: SshHost, env: NodeJS.ProcessEnv): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ssh', ['-G', ...destinationOf(host)], { env });
    return /^controlpath /im.test(stdout);
  } catch {
    return false;
  }
}
