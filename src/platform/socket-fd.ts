import type { Server, Socket } from 'node:net';

/** The file descriptor, which libuv's handle has had since Node 0.x, and which no public property shows. */
export function socketFd(of: Server | Socket): number | undefined {
  const handle: unknown = Reflect.get(of, '_handle');
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined;
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined;
}
