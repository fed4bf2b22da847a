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
});
