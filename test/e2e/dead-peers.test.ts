import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { sources } from '../support/programs.js';
import { NetworkLab } from '../support/network-lab.js';

const PORT = 5555;
const CLIENT_TIMEOUT_MS = 3000;
/** How long a busy machine may take to tell us. */
const LATE_MS = 250;

describe('a client whose cable is pulled', function () {
  this.timeout(120_000);
  let lab: NetworkLab;
  let daemon: DaemonProcess;
  const disposer = new Disposer();
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));

  before(async function () {
    lab = disposer.use(NetworkLab.orSkip(this));
    const config = path.join(folder, 'probed.toml');
    writeFileSync(
      config,
      `[listen]\naddresses = ["127.0.0.1", "${lab.labAddress}"]\nallow_remote = ["10.98.2.1"]\nfirst_port = ${PORT}\n` +
        `[limits]\nclient_timeout = ${CLIENT_TIMEOUT_MS / 1000}\nlock_idle_timeout = 60\n[[simulate]]\ncount = 1\n`,
    );
    daemon = disposer.use(
      DaemonProcess.spawn(['--config', config, '--log-level', 'debug'], folder, sources, { before: lab.on('lab') }),
    );
    await daemon.printed(1);
  });
  afterEach(() => lab.tidy());
  after(async () => {
    await disposer[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Resolves when the daemon has taken the client for dead. @returns how long that took since now */
  async function death(client: number): Promise<number> {
    const begin = performance.now();
    await daemon.logged(`client disconnected uid=SIM0001 client=${client}\n`);
    return performance.now() - begin;
  }

  it('is found while it is idle, by keepalive', async () => {
    await lab.client('developer', PORT, 2, [['open'], ['lock']]);

    lab.pullCable();
    const took = await death(1);

    assert.ok(took > CLIENT_TIMEOUT_MS / 2 && took < CLIENT_TIMEOUT_MS + LATE_MS, `took ${took} ms`);
    await lab.client('lab', PORT, 1, [['lock']]); // its lock was released
  });

  it('is found while a reply is in flight, by TCP_USER_TIMEOUT', async () => {
    const holder = await lab.client('lab', PORT, 1, [['lock']]);
    await lab.client('developer', PORT, 1, [['hello', 1], ['lock']]); // the second reply is to come
    lab.pullCable();
    await holder.kill(); // now it is on its way, and nobody acknowledges it
    await daemon.logged('client disconnected uid=SIM0001 client=3\n');

    const took = await death(4);

    assert.ok(took > CLIENT_TIMEOUT_MS / 2 && took < CLIENT_TIMEOUT_MS + LATE_MS, `took ${took} ms`);
    await lab.client('lab', PORT, 1, [['lock']]);
  });

  it('is found alone: one that is idle as long, and there, stays', async () => {
    await lab.client('lab', PORT, 1, [['open']]);
    await lab.client('developer', PORT, 1, [['open']]);

    lab.pullCable();
    await death(7);

    assert.ok(!daemon.stderr.includes('client disconnected uid=SIM0001 client=6\n'));
  });
});
