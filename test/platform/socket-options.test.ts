import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, Server, type Socket } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { silentLogger } from '../../src/base/logger.js';
import { loadSocketOptions } from '../../src/platform/socket-options.js';

const open = new Set<Server | Socket>();

async function listen(server: Server): Promise<number> {
  open.add(server);
  server.on('connection', (socket) => open.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert(typeof address === 'object' && address);
  return address.port;
}

describe('a server with resetOnClose', () => {
  // A failed test must not keep the process alive.
  afterEach(() => {
    for (const each of open) {
      if (each instanceof Server) each.close();
      else each.destroy();
    }
    open.clear();
  });

  it('resets its clients when its process is killed, so that they do not take it for an orderly end', async () => {
    const program = path.join(import.meta.dirname, 'reset-server.ts');
    const server = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const lines = createInterface(server.stdout)[Symbol.asyncIterator]();
      const port = Number((await lines.next()).value);
      const client = connect({ port, host: '127.0.0.1' });
      const ended = new Promise((resolve) => {
        client.on('end', () => resolve('FIN'));
        client.on('error', (error) => resolve('code' in error ? error.code : error.message));
      });
      client.write('{"id": 1, "request": "lock"}\n');
      assert.equal((await lines.next()).value, 'received'); // the request is outstanding
      server.kill('SIGKILL');

      assert.equal(await ended, 'ECONNRESET');
    } finally {
      server.kill('SIGKILL');
    }
  });

  it('delivers all of a large reply, and FIN, when the connection is closed gracefully', async () => {
    const options = await loadSocketOptions(silentLogger);
    const sizeBytes = 16 * 1024 * 1024;
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('end', () => {
        socket.write(Buffer.alloc(sizeBytes));
        options.closeGracefully(socket);
        socket.end();
      });
      socket.resume();
    });
    const port = await listen(server);
    options.resetOnClose(server);
    const client = connect({ port, host: '127.0.0.1' });
    client.end('x');
    let received = 0;
    client.on('data', (chunk) => (received += chunk.length));
    await once(client, 'end'); // rejects on ECONNRESET

    assert.equal(received, sizeBytes);
  });

  it('is what resets: without graceful close the client is reset, although Node ends the connection in order', async () => {
    const options = await loadSocketOptions(silentLogger);
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', () => socket.destroy());
      socket.on('error', () => undefined);
    });
    const port = await listen(server);
    options.resetOnClose(server);
    const client = connect({ port, host: '127.0.0.1' });
    client.write('x');
    client.resume();

    await assert.rejects(once(client, 'end'), { code: 'ECONNRESET' });
  });

  it('may be told what it cannot do any more without harm', async () => {
    const options = await loadSocketOptions(silentLogger);
    const server = createServer();
    await listen(server);
    options.limitUnacknowledged(server, 15_000);
    server.close();
    await once(server, 'close');

    assert.doesNotThrow(() => options.resetOnClose(server));
  });
});
