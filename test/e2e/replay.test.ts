// Replays recorded conversations of the stock client with pyOCD's own server, directly and through the pipelining helper.

import { Accelerator } from '../../src/client/accelerator.js';
import { tcpEndpoint } from '../../src/client/endpoint.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { conversationsBefore, recordings, replay } from '../support/replay.js';
import { TestClient } from '../support/test-client.js';

for (const [way, isAccelerated] of [
  ['directly', false],
  ['through the pipelining helper', true],
] as const) {
  describe(`a recorded conversation of the stock client, ${way}`, function () {
    this.timeout(60_000);
    let daemon: DaemonProcess;

    before(async () => {
      daemon = await DaemonProcess.serving(recordings.length); // a board of its own for each
    });
    after(() => daemon[Symbol.asyncDispose]());

    for (const [i, { name, besideAnother }] of recordings.entries()) {
      // The fault of a write comes with one of the requests after it, as it does from a server that posts writes.
      if (isAccelerated && name === 'cmd-write-fault') continue;
      it(`gets the recorded replies: ${name}`, async () => {
        const endpoint = tcpEndpoint({ host: '127.0.0.1', port: daemon.ports[i] });
        await using helper = await Accelerator.listen({ endpoint });
        const port = isAccelerated ? helper.port : daemon.ports[i];
        for (const earlier of conversationsBefore(name)) await replay(earlier, port);
        await using other = await TestClient.connect(daemon.ports[i]);
        if (besideAnother) {
          await other.result('open');
          await other.result('connect', 'SWD');
        }

        await replay(name, port);
      });
    }
  });
}
