import assert from 'node:assert/strict';
import { connectSwd } from '../support/connect-swd.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { transports } from '../support/transports.js';
import { TestClient } from '../support/test-client.js';
import { Entrance, waysIn } from '../support/way-in.js';

/** docs/simulated-board.md: what is written there leaves on the SWO pin. */
const TRACE_OUTPUT = 0x5ffff000;

for (const [transport, way] of transports.flatMap((transport) => waysIn.map((way) => [transport, way] as const))) {
  describe(`a client that captures SWO ${way}, ${transport}`, () => {
    let daemon: DaemonProcess;
    let entrance: Entrance;
    let client: TestClient;

    before(async () => {
      daemon = await DaemonProcess.simulating([transport]);
      entrance = await Entrance.open(way, daemon.ports[0]);
      client = await TestClient.connect(entrance.port);
      await client.result('open');
      await connectSwd(client);
      await client.result('write_dp', 4, 0x50000f00);
      await client.result('write_ap', 0, 0x23000002); // CSW: words, TAR stays
      await client.result('write_ap', 4, TRACE_OUTPUT);
    });
    after(async () => {
      await client[Symbol.asyncDispose]();
      await entrance[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    });

    /** The target sends four bytes, low first. */
    const send = (word: number): Promise<unknown> => client.result('write_ap', 0xc, word);

    /** Reads until that many bytes are there: a streaming probe sends when it likes. */
    async function receive(count: number): Promise<number[]> {
      const bytes: number[] = [];
      while (bytes.length < count) bytes.push(...((await client.result('swo_read')) as number[]));
      return bytes;
    }

    it('gets what the target sends between start and stop, in order', async () => {
      await send(0x11111111);
      await client.result('flush');
      await client.result('swo_start', 115200);
      for (let i = 0; i < 100; i++) await send(0x5aa500 * 0x100 + i);
      await client.result('flush');

      const bytes = await receive(400);

      assert.deepEqual(bytes, Array.from({ length: 100 }, (_, i) => [i, 0x00, 0xa5, 0x5a]).flat());
      await client.result('swo_stop');
      await send(0x22222222);
      await client.result('flush');
      assert.deepEqual(await client.result('swo_read'), []);
    });
  });
}
