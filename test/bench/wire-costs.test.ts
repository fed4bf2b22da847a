import assert from 'node:assert/strict';
import { outPacketBaseline } from '../../scripts/bench/baseline.js';
import { packetsOf } from '../../scripts/bench/company.js';
import { conversations } from '../../scripts/bench/conversations.js';
import { measureWireCost } from '../../scripts/bench/wire-costs.js';
import { operations } from '../../scripts/bench/workloads.js';

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

  for (const [operation, lines] of Object.entries(conversations)) {
    it(`costs no packet more than by the driver alone, which nobody shares: ${operation}`, async () => {
      const setup = { packetSizeBytes: 512, packetCount: 8, transferMs: 0.125 };

      const driver = await measureWireCost(lines, setup, 'driver only');
      const probed = await measureWireCost(lines, setup);

      assert.equal(probed.outPackets, driver.outPackets);
    });
  }

  for (const operation of ['read_dp', 'read 256 words']) {
    it(`costs the same beside another client that is connected and idle: ${operation}`, async () => {
      const alone = await packetsOf(operations[operation], 'alone');

      assert.equal(await packetsOf(operations[operation], 'beside an idle client'), alone);
    });
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
