import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import { requirePyocd, type RunningClient, startPyocd } from '../support/pyocd.js';
import { TestClient } from '../support/test-client.js';

const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface HeldProbe extends AsyncDisposable {
  readonly daemon: DaemonProcess;
  readonly holder: TestClient;
}

/** A daemon, and a client that has its probe open. */
async function heldProbe(sharing: string): Promise<HeldProbe> {
  const file = path.join(folder, `${sharing}.toml`);
  const probe = `[[probe]]\nuid = "SIM0001"\nsharing = "${sharing}"\n`;
  writeFileSync(file, `[listen]\nfirst_port = 0\n${probe}[[simulate]]\ncount = 1\n`);
  const daemon = DaemonProcess.spawn(['--config', file, '--log-level', 'debug'], folder);
  await daemon.printed(1);
  const holder = await TestClient.connect(daemon.ports[0]);
  await holder.result('open');
  return {
    daemon,
    holder,
    [Symbol.asyncDispose]: async () => {
      await holder[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

function askForStatus(daemon: DaemonProcess): RunningClient {
  return startPyocd('cmd', '-u', `remote:localhost:${daemon.ports[0]}`, '-t', 'cortex_m', '-c', 'status');
}

describe('the stock client and a probe that another client has', function () {
  this.timeout(60_000);
  before(function () {
    requirePyocd(this);
  });

  it('is told by whom and since when, where use is exclusive', async () => {
    await using world = await heldProbe('exclusive');

    await using client = askForStatus(world.daemon);

    const { output } = await client.finished();

    assert.match(output, /probe SIM0001 is in use by \S+ \(127\.0\.0\.1:\d+\) since \d{4}-\d\d-\d\dT/);
  });

  it('waits for its turn in a queue, and then works', async () => {
    await using world = await heldProbe('queue');
    const { daemon, holder } = world;
    await using client = askForStatus(daemon);
    await daemon.logged('client waits for its turn');
    await holder.result('set_clock', 1_000_000); // the probe is the holder's meanwhile
    assert.equal(client.output, '');

    await holder.result('close');

    const { code, output } = await client.finished();
    assert.equal(code, 0);
    assert.match(output, /Core 0.*: {2}(Running|Halted)/);
  });
});
