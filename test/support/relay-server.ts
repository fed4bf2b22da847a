// What forwarding costs that does nothing else: passes bytes on to the port it is told, and looks at none. Prints its own.

import net from 'node:net';
import process from 'node:process';

const to = Number(process.argv[2]);
const server = net.createServer({ noDelay: true }, (client) => {
  const far = net.connect({ host: '127.0.0.1', port: to, noDelay: true });
  for (const [one, other] of [
    [client, far],
    [far, client],
  ]) {
    one.on('data', (chunk) => other.write(chunk));
    one.on('close', () => other.destroy());
    one.on('error', () => other.destroy());
  }
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`);
});
