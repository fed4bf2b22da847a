import type { Socket } from 'node:net';

/**
 * Ends a connection with RST. One whose end has been sent already is closed at once instead: it cannot be reset any more
 * (libuv, uv_tcp_close_reset: EINVAL while it shuts down), and Node would report that and never close it.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
