import assert from 'node:assert/strict';
import { killClientAfter } from '../support/client-process.js';
import { connectSwd } from '../support/connect-swd.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { runProbectl } from '../support/probectl-process.js';
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

  const waits: readonly (readonly [forWhat: string, request: unknown[]])[] = [
    ['the lock', ['lock']],
    ["the end of another one's lock", ['read_dp', 0]],
  ];
  for (const [forWhat, request] of waits) {
    it(`while it waits for ${forWhat} is listed no more, and those before and behind it have their turns`, async function () {
      this.timeout(30_000);
      await using holder = await TestClient.connect(port);
      await useProbe(holder);
      await using before = await TestClient.connect(port);
      const first = before.request('lock');
      await before.bytesSent();
      await killClientAfter(port, 1, [['hello', 1], request]);
      await using behind = await TestClient.connect(port);
      const second = behind.request('lock');

      let listed = await lockDepths();
      while (listed.length > 3) {
        await holder.result('is_reset_asserted'); // who does nothing while others wait loses the lock
        listed = await lockDepths();
      }

      assert.deepEqual(listed, [1, 0, 0]);
      await holder.result('unlock');
      assert.equal((await first).status, 0);
      await before.result('unlock');
      assert.equal((await second).status, 0);
    });
  }

  /** How deep each client that probectl lists has the lock. */
  async function lockDepths(): Promise<readonly number[]> {
    const { stdout } = await runProbectl(daemon.folder, 'show', 'SIM0001', '--json');
    const { result } = JSON.parse(stdout) as {
      readonly result: { readonly clients: { readonly lockDepth: number }[] };
    };
    return result.clients.map(({ lockDepth }) => lockDepth);
  }

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
