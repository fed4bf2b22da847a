// The control socket as a file: is the path short enough, is it free, who may use it.

import { chmod, chown, link, lstat, rename, unlink } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { RequestError } from '../base/errors.js';
import { findGroup } from '../base/find-group.js';
import { longestSocketPathBytes } from '../base/socket-path.js';

/** The control socket cannot be opened; the message says what to do. */
export class ControlSocketError extends RequestError {}

/** Another daemon answers on the socket. */
export class AlreadyRunningError extends ControlSocketError {}

/** Checks that a path fits into an address. @throws ControlSocketError */
export function checkSocketPath(path: string, platform: string): void {
  const most = longestSocketPathBytes(platform);
  const sizeBytes = Buffer.byteLength(path);
  if (sizeBytes <= most && path !== '') return;
  throw new ControlSocketError(
    `control socket ${path}: the path has ${sizeBytes} bytes, the system allows 1 to ${most}: choose another one`,
  );
}

/**
 * Makes the path free if a daemon that is gone has left its socket there.
 *
 * Two daemons may find the same dead socket, and the slower one must not remove what the faster one has put there in
 * the meantime. So it is moved aside first, tried again where nobody else sees it, and put back if it lives.
 *
 * @param aside  a path in the same directory that only this process uses
 * @returns whether somebody answers there
 * @throws ControlSocketError  if something else than a socket is there
 */
export async function clearDeadSocket(path: string, aside: string): Promise<'free' | 'live'> {
  const stat = await lstat(path).catch(ignoreMissing);
  if (!stat) return 'free';
  if (!stat.isSocket()) throw new ControlSocketError(`control socket ${path}: another kind of file is there`);
  if (await answers(path)) return 'live';
  if ((await rename(path, aside).catch(ignoreMissing)) === null) return 'free'; // somebody else has cleared it
  if (await answers(aside)) {
    await link(aside, path);
    await unlink(aside);
    return 'live';
  }
  await unlink(aside);
  return 'free';
}

/** Whether somebody listens. A socket that we may not connect to counts as one that is listened on. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => resolve(true));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'),
    );
    socket.once('connect', () => socket.destroy());
  });
}

/** Gives the socket its group, then its mode: until then only the daemon's own user can connect. */
export async function setPermissions(path: string, mode: number, group: string | undefined): Promise<void> {
  if (group !== undefined) {
    const gid = await findGroupId(group);
    try {
      await chown(path, -1, gid);
    } catch (cause) {
      throw new ControlSocketError(
        `control socket ${path}: not permitted to give it to group ${group}: add the daemon's user to that group`,
        { cause },
      );
    }
  }
  await chmod(path, mode);
}

/** @throws ControlSocketError  if there is no such group */
async function findGroupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const found = await findGroup(group);
  if (!found) {
    throw new ControlSocketError(
      `control socket: there is no group ${group}: create it with "groupadd --system ${group}"`,
    );
  }
  return found.id;
}

function ignoreMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
