import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { resetSocket } from '../../src/base/reset-socket.js';

describe('a connection that is to be reset', () => {
  for (const [what, before] of [
    ['is closed', () => undefined],
    ['is closed, too, while its end is on the way', (socket: net.Socket) => socket.end()],
  ] as const) {
    it(what, async () => {
      const server = net.createServer({ allowHalfOpen: true });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const peer = net.connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
      const [socket] = (await once(server, 'connection')) as [net.Socket];

      before(socket);
      resetSocket(socket);

      await once(socket, 'close');
      assert(socket.destroyed);
      peer.destroy();
      server.close();
    });
  }
});
