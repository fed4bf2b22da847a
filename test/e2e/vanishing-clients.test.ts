import assert from 'node:assert/strict';
import { killClientAfter } from '../support/client-process.js';
import { connectSwd } from '../support/connect-swd.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { TestClient } from '../support/test-client.js';

const CTRL_STAT = 4;

/** Opens, connects, and reads DPIDR. */
async function useProbe(client: TestClient): Promise<unknown> {
  for (const request of ['open', 'lock']) await client.result(request);
  return connectSwd(client);
}

describe('a client that is killed', () => {
  let daemon: DaemonProcess;
  let port: number;

  before(async () => {
    daemon = await DaemonProcess.serving(1);
    [port] = daemon.ports;
  });
  after(() => daemon[Symbol.asyncDispose]());

  const open = [['hello', 1], ['open'], ['connect', 'DEFAULT']];
  const read = ['read_ap_multiple', 12, 65535];
  const deaths: readonly [when: string, replies: number, requests: readonly unknown[][]][] = [
    ['while it holds the lock', 4, [...open, ['lock']]],
    ['while it holds the lock and nRESET', 5, [...open, ['lock'], ['assert_reset', true]]],
    [
      'while a read is running',
      3,
      [...open, ['swj_sequence', 51, 2 ** 51 - 1], ['read_dp', 0], read, read, read, read],
    ],
    ['between request and reply', 4, [...open, ['lock'], ['reset']]],
    ['while it waits for nothing', 3, open],
  ];
  for (const [when, replies, requests] of deaths) {
    it(`${when} is out of the way of the next within a second`, async () => {
      await killClientAfter(port, replies, requests);
      const killed = performance.now();

      await using next = await TestClient.connect(port);
      await next.result('hello', 1);
      await next.result('open');

      assert.equal(await useProbe(next), 0x0bc11477);
      assert.equal(await next.result('is_reset_asserted'), false);
      assert(performance.now() - killed < 1000);
    });
  }

  const ways: readonly (readonly [how: string, vanish: (client: TestClient) => void])[] = [
    ['FIN', (client) => client.socket.destroy()],
    ['RST', (client) => client.socket.resetAndDestroy()],
  ];
  for (const [how, vanish] of ways) {
    it(`while it waits for the lock of another lets go of nRESET and SWO all the same (${how})`, async () => {
      await using holder = await TestClient.connect(port);
      await using client = await TestClient.connect(port);
      await client.result('open');
      await client.result('connect', 'DEFAULT');
      await client.result('assert_reset', true);
      await client.result('swo_start', 115200);
      await holder.result('open');
      await holder.result('lock');
      client.send('{"id": 9, "request": "read_dp", "arguments": [0]}\n');
      await client.bytesSent();
      assert.equal(await holder.result('is_reset_asserted'), true); // by now the daemon has read the other request, too

      vanish(client);
      const killed = performance.now();
      while ((await holder.result('is_reset_asserted')) === true) assert(performance.now() - killed < 2000); // at work, so the lock stays

      assert.equal((await holder.request('swo_start', 115200)).status, 0);
      assert.equal(client.rest, ''); // it was waiting until then
    });
  }

  it('is not taken for one that sends no more and waits: that gets its replies', async () => {
    await using holder = await TestClient.connect(port);
    await using client = await TestClient.connect(port);
    await useProbe(client);
    await client.result('unlock');
    await holder.result('open');
    await holder.result('lock');

    client.socket.end(
      '{"id": 8, "request": "read_dp", "arguments": [0]}\n{"id": 9, "request": "read_dp", "arguments": [0]}\n',
    );
    const began = performance.now();
    while (performance.now() - began < 1500) await holder.result('is_reset_asserted'); // it has been looked after twice
    assert.equal(client.rest, '');
    await holder.result('unlock');

    assert.deepEqual(await client.reply(), { id: 8, status: 0, result: 0x0bc11477 });
    assert.deepEqual(await client.reply(), { id: 9, status: 0, result: 0x0bc11477 });
    assert.equal(await client.end(), 'FIN');
  });

  it('leaves the connection of another client as it was', async () => {
    await using other = await TestClient.connect(port);
    await useProbe(other);
    await other.result('write_dp', CTRL_STAT, 0x50000f00);
    await other.result('unlock');

    await killClientAfter(port, 4, [...open, ['lock']]);

    assert.equal(await other.result('readprop', 'wire_protocol'), 'SWD');
    assert.equal(await other.result('read_dp', CTRL_STAT), 0xf0000f00);
  });
});

describe('a daemon that is killed', () => {
  it('resets its clients, so that a stock client ends and does not spin', async () => {
    await using daemon = await DaemonProcess.serving(1);
    await using holder = await TestClient.connect(daemon.ports[0]);
    await using waiting = await TestClient.connect(daemon.ports[0]);
    await holder.result('lock');
    const outstanding = assert.rejects(waiting.request('lock'), { code: 'ECONNRESET' });
    await waiting.bytesSent();
    await holder.result('hello', 1); // by now the daemon has read the other request, too

    await daemon.stop('SIGKILL');

    await outstanding;
  });
});
