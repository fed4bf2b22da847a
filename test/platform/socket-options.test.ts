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

/** A failed test must not keep the process alive. */
function closeAll(): void {
  for (const each of open) {
    if (each instanceof Server) each.close();
    else each.destroy();
  }
  open.clear();
}

describe('a server with resetOnClose', () => {
  afterEach(closeAll);

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

describe('a client that acknowledges at once', () => {
  afterEach(closeAll);

  it('gets the second small reply of a server with Nagle on without the 40 ms of a delayed acknowledgement', async function () {
    if (process.platform !== 'linux') this.skip();
    const options = await loadSocketOptions(silentLogger);
    // Two replies to each request, a write each: the second waits until the first is acknowledged. RFC 9293, 3.7.4.
    const server = createServer({ noDelay: false }, (socket) => {
      socket.on('data', () => {
        socket.write('a');
        socket.write('b');
      });
    });
    const port = await listen(server);
    const timeOf = async (onData: (socket: Socket) => void): Promise<number> => {
      const client = connect({ host: '127.0.0.1', port, noDelay: true });
      open.add(client);
      client.on('data', () => onData(client));
      const startedAt = performance.now();
      for (let round = 0; round < 20; round++) {
        client.write('?');
        for (let received = 0; received < 2;) received += ((await once(client, 'data')) as [Buffer])[0].length;
      }
      return performance.now() - startedAt;
    };

    const [without, acknowledging] = [
      await timeOf(() => undefined),
      await timeOf((client) => options.acknowledgeAtOnce(client)),
    ];

    assert(acknowledging < without / 2, `${acknowledging} ms, ${without} ms without`);
  });
});
