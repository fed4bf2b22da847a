import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectSwd } from '../support/connect-swd.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { portOf } from '../support/forwarded-port.js';
import { ProbectlProcess, runProbectl } from '../support/probectl-process.js';
import { TestClient } from '../support/test-client.js';

/** It takes a second; a machine that is busy may need much longer to tell us. One that is never missed waits for ever. */
const GONE_MS = 15_000;

describe('a client that is killed while it waits', () => {
  let daemon: DaemonProcess;
  let port: number;
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  before(async () => {
    const config = path.join(folder, 'probed.toml');
    // Else the holder, who does nothing while the others are made ready, may lose the lock to them.
    writeFileSync(
      config,
      '[limits]\nlock_idle_timeout = 60\n[[simulate]]\ncount = 2\n' + '[[probe]]\nuid = "SIM0002"\nsharing = "queue"\n',
    );
    daemon = DaemonProcess.spawn(['--config', config, '--port', '0'], folder);
    await daemon.printed(2);
    [port] = daemon.ports;
  });
  after(async () => {
    await daemon[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const waits: readonly (readonly [forWhat: string, request: [string, ...unknown[]]])[] = [
    ['the lock', ['lock']],
    ["the end of another one's lock", ['read_dp', 0]],
  ];
  for (const [forWhat, request] of waits) {
    it(`for ${forWhat} is listed no more, and those before and behind it have their turns`, async function () {
      this.timeout(60_000);
      await using holder = await TestClient.connect(port);
      await using before = await TestClient.connect(port);
      await using dying = await TestClient.connect(port);
      await using behind = await TestClient.connect(port);
      for (const client of [holder, before, dying, behind]) await client.result('open');
      await holder.result('lock');
      const first = before.request('lock');
      await before.bytesSent();
      const never = assert.rejects(dying.request(...request));
      await dying.bytesSent();
      const second = behind.request('lock');

      dying.socket.destroy(); // with FIN, as the system does for a process that was killed

      await never;
      let listed = await lockDepths();
      while (listed.length > 3) listed = await lockDepths();

      assert.deepEqual(listed, [1, 0, 0]);
      await holder.result('unlock');
      assert.equal((await first).status, 0);
      await before.result('unlock');
      assert.equal((await second).status, 0);
    });
  }

  const ways: readonly (readonly [how: string, vanish: (client: TestClient) => void])[] = [
    ['FIN', (client) => client.socket.destroy()],
    ['RST', (client) => client.socket.resetAndDestroy()],
  ];
  for (const [how, vanish] of ways) {
    it(`for the end of another one's lock lets go of nRESET and SWO all the same (${how})`, async () => {
      await using holder = await TestClient.connect(port);
      await using dying = await TestClient.connect(port);
      await dying.result('open');
      await dying.result('connect', 'DEFAULT');
      await dying.result('assert_reset', true);
      await dying.result('swo_start', 115200);
      await holder.result('open');
      await holder.result('lock');
      const never = assert.rejects(dying.request('read_dp', 0));
      await dying.bytesSent();
      assert.equal(await holder.result('is_reset_asserted'), true); // by now the daemon has read the other request, too

      vanish(dying);

      await never;
      const killed = performance.now();
      while ((await holder.result('is_reset_asserted')) === true) assert(performance.now() - killed < GONE_MS);
      assert.equal((await holder.request('swo_start', 115200)).status, 0);
    });
  }

  it('behind a forwarder that goes on, such as `ssh -L`, is noticed as well', async function () {
    this.timeout(60_000);
    // It passes on that a client sends no more, and does not know yet that it has gone.
    const forwarder = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port, allowHalfOpen: true });
      for (const socket of [near, far]) socket.on('error', () => [near, far].forEach((one) => one.destroy()));
      near.pipe(far).pipe(near);
    }).listen(0, '127.0.0.1');
    await once(forwarder, 'listening');
    await using dying = await TestClient.connect((forwarder.address() as AddressInfo).port);
    forwarder.close();
    await dying.result('open');
    await using holder = await TestClient.connect(port);
    await holder.result('open');
    await holder.result('lock');
    const never = assert.rejects(dying.request('lock'));
    await dying.bytesSent();

    dying.socket.destroy();

    await never;
    const killed = performance.now();
    while ((await lockDepths()).length > 1) assert(performance.now() - killed < GONE_MS);
  });

  it('is not one that only sends no more: that gets its replies', async () => {
    await using holder = await TestClient.connect(port);
    await using client = await TestClient.connect(port);
    await client.result('open');
    await connectSwd(client);
    await holder.result('open');
    await holder.result('lock');

    const read = '{"id": 1, "request": "read_dp", "arguments": [0]}\n';
    client.socket.end(read + read);
    const began = performance.now();
    while (performance.now() - began < 1500) await holder.result('is_reset_asserted'); // it has been looked after twice
    assert.match(client.rest, /^ +$/, 'white space, which means nothing');
    await holder.result('unlock');

    for (let i = 0; i < 2; i++) assert.deepEqual(await client.reply(), { id: 1, status: 0, result: 0x0bc11477 });
    assert.equal(await client.end(), 'FIN');
  });

  it('for its turn behind `forward` leaves the queue, and what goes on using that is not disturbed', async function () {
    this.timeout(60_000);
    await using forward = new ProbectlProcess(daemon.folder, ['forward', 'SIM0002']);
    const forwarded = await portOf(forward, /remote:localhost:(\d+)/);
    await using holder = await TestClient.connect(forwarded);
    await using dying = await TestClient.connect(forwarded);
    await using behind = await TestClient.connect(forwarded);
    await holder.result('open');
    const never = assert.rejects(dying.request('open'));
    while ((await show('SIM0002')).queue.length < 1) await holder.result('is_reset_asserted');
    const turn = behind.request('open');
    while ((await show('SIM0002')).queue.length < 2) await holder.result('is_reset_asserted');

    dying.socket.destroy();

    await never;
    const killed = performance.now();
    while ((await show('SIM0002')).queue.length > 1) assert(performance.now() - killed < GONE_MS);
    await holder.result('close');
    assert.equal((await turn).status, 0);
  });

  /** How deep each client that probectl lists has the lock. */
  async function lockDepths(): Promise<readonly number[]> {
    return (await show('SIM0001')).clients.map(({ lockDepth }) => lockDepth);
  }

  async function show(uid: string): Promise<Shown> {
    const { stdout } = await runProbectl(daemon.folder, 'show', uid, '--json');
    return (JSON.parse(stdout) as { readonly result: Shown }).result;
  }
});

/** Of what `probectl show --json` prints. */
interface Shown {
  readonly clients: readonly { readonly lockDepth: number }[];
  readonly queue: readonly unknown[];
}
