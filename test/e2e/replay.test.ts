// Replays recorded conversations of the stock client with pyOCD's own server, directly and through the pipelining helper.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Accelerator } from '../../src/client/accelerator.js';
import { tcpEndpoint } from '../../src/client/endpoint.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { recordings, replayRecording } from '../support/replay.js';

/** A [[probe]] entry for every board where things are to be done one after the other: the slow way. */
const configs = {
  posted: '',
  synchronous: recordings
    .map(
      (_, i) =>
        `[[probe]]\nuid = "SIM${String(i + 1).padStart(4, '0')}"\nposted_writes = false\npackets_in_flight = 1\n`,
    )
    .join(''),
};

for (const [way, writes, isAccelerated] of [
  ['writes posted', 'posted', false],
  ['writes synchronous, one packet at a time', 'synchronous', false],
  ['through the pipelining helper', 'posted', true],
  ['writes synchronous, through the pipelining helper', 'synchronous', true],
] as const) {
  describe(`a recorded conversation of the stock client, ${way}`, function () {
    this.timeout(60_000);
    const folder = mkdtempSync(path.join(tmpdir(), 'probed-replay-'));
    const config = path.join(folder, 'probed.toml');
    let daemon: DaemonProcess;

    before(async () => {
      writeFileSync(config, configs[writes]);
      daemon = await DaemonProcess.serving(recordings.length, '--config', config); // a board of its own for each
    });
    after(async () => {
      await daemon[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    for (const [i, { name, writes: only }] of recordings.entries()) {
      if (only !== undefined && only !== writes) continue;
      // What the writes of the daemon are is nothing to the helper, but for when their errors come.
      if (isAccelerated && writes === 'synchronous' && only === undefined) continue;
      it(`gets the recorded replies: ${name}`, async () => {
        const endpoint = tcpEndpoint({ host: '127.0.0.1', port: daemon.ports[i] });
        await using helper = await Accelerator.listen({ endpoint });
        await replayRecording(name, isAccelerated ? helper.port : daemon.ports[i], daemon.ports[i]);
      });
    }
  });
}
