// What a page in the browser of somebody at this machine can do to the daemon: nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type RequestOptions } from 'node:http';
import path from 'node:path';
import { switchToSwd, connectSwd } from '../support/connect-swd.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { runProbectl } from '../support/probectl-process.js';
import { TestClient } from '../support/test-client.js';

/** Everything that it takes to reset the target, each request a line of its own. */
const body = [['open'], ['connect', 'SWD'], ...switchToSwd.map((s) => ['swj_sequence', ...s]), ['assert_reset', true]]
  .map(([request, ...args], id) => `${JSON.stringify({ id, request, arguments: args })}\n`)
  .join('');

describe('a web page on this machine', function () {
  this.timeout(60_000);
  let daemon: DaemonProcess;
  before(async () => {
    daemon = await DaemonProcess.serving(1);
  });
  after(() => daemon[Symbol.asyncDispose]());

  /** The code of the error that a request of the browser ends with. */
  async function failureOf(options: RequestOptions): Promise<unknown> {
    const error: unknown = (await once(get({ ...options, agent: false }), 'error')).at(0);
    return error instanceof Error && 'code' in error ? error.code : error;
  }

  async function assertUnharmed(): Promise<void> {
    const { code, stdout } = await runProbectl(daemon.folder, 'show', 'SIM0001');
    assert.equal(code, 0);
    assert.match(stdout, /^opened +not opened yet$/m);
    assert.doesNotMatch(daemon.stderr, /request .*name=/); // at level debug, each request is a line
  }

  it('gets nothing done by posting requests, by whatever name it has for us', async () => {
    const [port] = daemon.ports;
    for (const host of ['127.0.0.1', 'localhost'])
      await assert.rejects(fetch(`http://${host}:${port}/`, { method: 'POST', body, mode: 'no-cors' }), TypeError);

    await daemon.logged('connection reset uid=SIM0001 client=2 why="it began with an HTTP request"');
    await assertUnharmed();
  });

  it('gets no WebSocket, and no answer under a name that was made to point here', async () => {
    const [port] = daemon.ports;
    const upgrade = {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'x',
      'Sec-WebSocket-Version': 13,
    };

    assert.equal(await failureOf({ port, headers: upgrade }), 'ECONNRESET');
    assert.equal(await failureOf({ port, headers: { Host: 'rebound.example' } }), 'ECONNRESET');
    await assertUnharmed();
  });

  it('would be cut off at the control socket, which it cannot even reach', async () => {
    const socketPath = path.join(daemon.folder, 'control.sock');

    assert.match(String(await failureOf({ socketPath, path: '/' })), /^(ECONNRESET|HPE_)/);
    await assertUnharmed();
  });

  it('keeps nobody else from being served', async () => {
    await using client = await TestClient.connect(daemon.ports[0]);
    await client.result('open');

    assert.equal(await connectSwd(client), 0x0bc11477);
  });
});
