import assert from 'node:assert/strict';
import { outPacketBaseline } from '../../scripts/bench/baseline.js';
import { conversations } from '../../scripts/bench/conversations.js';
import { measureWireCost } from '../../scripts/bench/wire-costs.js';

describe('an operation of a stock client', function () {
  this.timeout(60_000);

  for (const [size, baseline] of Object.entries(outPacketBaseline)) {
    for (const [operation, lines] of Object.entries(conversations)) {
      it(`costs the packets it did: ${operation}, in packets of ${size} bytes`, async () => {
        const setup = { packetSizeBytes: Number(size), packetCount: 8, transferMs: 0.125 };

        const { outPackets } = await measureWireCost(lines, setup);

        assert.equal(outPackets, baseline[operation]);
      });
    }
  }

  for (const transferMs of [0.125, 1]) {
    it(`leaves the probe no gap while it reads memory, at ${transferMs} ms a transfer`, async () => {
      const setup = { packetSizeBytes: 64, packetCount: 4, transferMs };

      const { busyShare } = await measureWireCost(conversations['savemem of 64 KB'], setup);

      assert.ok(busyShare >= 0.95, `an answer was due ${(100 * busyShare).toFixed(1)} % of the time`);
    });
  }

  it('has as many packets in flight as the probe holds, and no more', async () => {
    for (const packetCount of [1, 4, 8]) {
      const setup = { packetSizeBytes: 64, packetCount, transferMs: 0.125 };

      const { mostInFlight } = await measureWireCost(conversations['savemem of 64 KB'], setup);

      assert.equal(mostInFlight, packetCount);
    }
  });
});
