import assert from 'node:assert/strict';
import { ProbeEndpoint } from '../../src/sim/probe-descriptor.js';
import { ProbeRig } from './probe-rig.js';

const EXCHANGES = 20;

/** How many turns the event loop has had while `act` ran. */
async function turnsDuring(act: () => Promise<void>): Promise<number> {
  let turns = 0;
  let next: NodeJS.Immediate;
  const count = (): void => {
    turns++;
    next = setImmediate(count);
  };
  next = setImmediate(count);
  await act();
  clearImmediate(next);
  return turns;
}

for (const transports of ['v1', 'v2'] as const) {
  describe(`a run of exchanges with a simulated probe, ${transports}`, () => {
    let rig: ProbeRig;
    beforeEach(async () => {
      rig = await ProbeRig.open({ transports });
    });
    afterEach(() => rig[Symbol.asyncDispose]());

    const exchangeAll = async (): Promise<void> => {
      for (let i = 0; i < EXCHANGES; i++) {
        const [id, length] = await rig.exchange(0x00, 0xff);
        assert.deepEqual([id, length], [0x00, 2]);
      }
    };

    it('costs no turn of the event loop', async () => {
      assert.equal(await turnsDuring(exchangeAll), 0);
    });

    it('gives it a turn after every 2 ms that the probe has taken of this machine', async () => {
      const slow = rig.probe.onCommand('any', {
        command: (bytes) => {
          rig.clock.stall(1);
          return bytes;
        },
      });

      const turns = await turnsDuring(exchangeAll);

      slow[Symbol.dispose]();
      assert.ok(turns >= EXCHANGES / 2 - 1, `${turns} turns`);
    });

    it('goes on after the probe was unplugged in such a pause and plugged in again', async () => {
      rig.probe.interceptNext('any', {
        command: (bytes) => {
          rig.clock.stall(1000);
          return bytes;
        },
      });
      await rig.exchange(0x00, 0xff);

      rig.bus.unplug(rig.probe);
      const key = rig.bus.plug(rig.probe);

      const usb = await rig.bus.open(key, 0);
      const endpoint = transports === 'v1' ? ProbeEndpoint.HidOut : ProbeEndpoint.BulkOut;
      const command = new Uint8Array(rig.probe.packetSizeBytes);
      await usb.transferOut(endpoint, command, { timeoutMs: 1000 });
      await usb[Symbol.asyncDispose]();
    });
  });
}
