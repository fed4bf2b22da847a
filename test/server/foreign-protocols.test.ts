import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { TestServer } from './test-server.js';

const requests = '{"id": 1, "request": "open"}\n{"id": 2, "request": "write_dp", "arguments": [0, 30]}\n';

async function nothingWasRun(test: TestServer): Promise<void> {
  await using client = await test.client();
  assert.equal((await client.request('hello', 1)).status, 0); // the server serves on
  assert.deepEqual(
    test.leases.flatMap(({ calls }) => calls),
    [],
  );
}

describe('a web page that posts requests', () => {
  it('is reset, and nothing in the body is run', async () => {
    await using test = await TestServer.start();
    const url = `http://127.0.0.1:${test.server.port}/`;

    await assert.rejects(fetch(url, { method: 'POST', body: `\n${requests}` }), TypeError);
    await nothingWasRun(test);
  });

  const heads = [
    'POST / HTTP/1.1\r\n',
    'GET /?q={"id":1} HTTP/1.0\n',
    `OPTIONS /${'a'.repeat(100_000)} HTTP/1.1\r\n`,
    'PRI * HTTP/2.0\r\n',
    'M-SEARCH * HTTP/1.1\r\n',
  ];
  for (const head of heads) {
    it(`is recognised in one piece and byte by byte: ${head.slice(0, 30).trim()}`, async () => {
      await using test = await TestServer.start();
      await using whole = await test.client();
      whole.send(`${head}Host: x\r\n\r\n${requests}`);
      assert.match(await whole.end(), /ECONNRESET|EPIPE/);

      await using pieces = await test.client();
      pieces.socket.setNoDelay(true);
      for (const byte of head.slice(0, 20)) pieces.send(byte);
      pieces.send(head.slice(20));
      pieces.send(requests);
      assert.match(await pieces.end(), /ECONNRESET|EPIPE/);
      await nothingWasRun(test);
    });
  }

  it('is not confused with a client whose first line is only malformed', async () => {
    await using test = await TestServer.start();
    await using client = await test.client();
    client.send('GET / please\n');

    assert.equal((await client.reply()).status, 1);
  });
});

describe('a TLS client', () => {
  it('is reset at its hello', async () => {
    await using test = await TestServer.start();
    const socket = connectTls({ port: test.server.port, host: '127.0.0.1', rejectUnauthorized: false });
    const error: unknown = (await once(socket, 'error')).at(0);

    assert.match(String(error), /ECONNRESET|socket disconnected/);
    await nothingWasRun(test);
  });

  it('is reset when its hello comes byte by byte', async () => {
    await using test = await TestServer.start();
    await using client = await test.client();
    client.socket.setNoDelay(true);
    client.send(Buffer.of(0x16));
    client.send(Buffer.of(0x03));

    assert.match(await client.end(), /ECONNRESET|EPIPE/);
  });
});
