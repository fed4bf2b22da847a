import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import { runProbectl } from '../support/probectl-process.js';
import { TestClient } from '../support/test-client.js';

describe('a client that is killed while it waits', () => {
  let daemon: DaemonProcess;
  let port: number;
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  before(async () => {
    const config = path.join(folder, 'probed.toml');
    // Else the holder, who does nothing while the others are made ready, may lose the lock to them.
    writeFileSync(config, '[limits]\nlock_idle_timeout = 60\n[[simulate]]\ncount = 1\n');
    daemon = DaemonProcess.spawn(['--config', config, '--port', '0'], folder);
    await daemon.printed(1);
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
      this.timeout(30_000);
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

  /** How deep each client that probectl lists has the lock. */
  async function lockDepths(): Promise<readonly number[]> {
    const { stdout } = await runProbectl(daemon.folder, 'show', 'SIM0001', '--json');
    const { result } = JSON.parse(stdout) as {
      readonly result: { readonly clients: { readonly lockDepth: number }[] };
    };
    return result.clients.map(({ lockDepth }) => lockDepth);
  }
});
