import assert from 'node:assert/strict';
import { killClientAfter } from '../support/client-process.js';
import { connectSwd } from '../support/connect-swd.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { TestClient } from '../support/test-client.js';
import { Entrance, waysIn } from '../support/way-in.js';

const CTRL_STAT = 4;

/** Opens, connects, and reads DPIDR. */
async function useProbe(client: TestClient): Promise<unknown> {
  for (const request of ['open', 'lock']) await client.result(request);
  return connectSwd(client);
}

for (const way of waysIn) {
  describe(`a client that is killed, and came ${way}`, () => {
    let daemon: DaemonProcess;
    let entrance: Entrance;

    before(async () => {
      daemon = await DaemonProcess.serving(1);
      entrance = await Entrance.open(way, daemon.ports[0]);
    });
    after(async () => {
      await entrance[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    });

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
        await killClientAfter(entrance.port, replies, requests);
        const killed = performance.now();

        await using next = await TestClient.connect(entrance.port);
        await next.result('hello', 1);
        await next.result('open');

        assert.equal(await useProbe(next), 0x0bc11477);
        assert.equal(await next.result('is_reset_asserted'), false);
        assert(performance.now() - killed < 1000);
      });
    }

    it('leaves the connection of another client as it was', async () => {
      await using other = await TestClient.connect(entrance.port);
      await useProbe(other);
      await other.result('write_dp', CTRL_STAT, 0x50000f00);
      await other.result('unlock');

      await killClientAfter(entrance.port, 4, [...open, ['lock']]);

      assert.equal(await other.result('readprop', 'wire_protocol'), 'SWD');
      assert.equal(await other.result('read_dp', CTRL_STAT), 0xf0000f00);
    });
  });
}

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

  it('has the clients of a helper told with status 2, and reset', async () => {
    await using daemon = await DaemonProcess.serving(1);
    await using entrance = await Entrance.open('through the pipelining helper', daemon.ports[0]);
    await using holder = await TestClient.connect(entrance.port);
    await using waiting = await TestClient.connect(entrance.port);
    await holder.result('open');
    await holder.result('lock');
    await holder.result('has_swo'); // by now the lock is its
    await waiting.result('lock');
    const outstanding = waiting.request('has_swo');

    await daemon.stop('SIGKILL');

    const { status, error } = await outstanding;
    assert.equal(status, 2);
    assert.match(String(error), /^the connection to 127\.0\.0\.1:\d+ is lost: /);
    assert.equal(await waiting.end(), 'ECONNRESET');
    assert.equal((await holder.request('has_swo')).status, 2);
    assert.equal(await holder.end(), 'ECONNRESET');
  });
});

describe('a helper that is killed', () => {
  it('resets its clients, and gives back what they had', async () => {
    await using daemon = await DaemonProcess.serving(1);
    await using entrance = await Entrance.open('through the pipelining helper', daemon.ports[0]);
    await using holder = await TestClient.connect(entrance.port);
    await holder.result('open');
    await holder.result('lock');
    await holder.result('has_swo'); // by now the lock is its

    entrance.helper?.kill('SIGKILL');

    assert.equal(await holder.end(), 'ECONNRESET');
    await using next = await TestClient.connect(daemon.ports[0]);
    await next.result('lock');
  });
});
