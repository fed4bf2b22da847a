// A server in a process of its own, to be killed by its test. Prints its port; answers nothing, but says "received".

import { createServer } from 'node:net';
import { silentLogger } from '../../src/base/logger.js';
import { loadSocketOptions } from '../../src/platform/socket-options.js';

const options = await loadSocketOptions(silentLogger);
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', () => process.stdout.write('received\n'));
});
server.listen(0, '127.0.0.1', () => {
  options.resetOnClose(server);
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`${address.port}\n`);
});
