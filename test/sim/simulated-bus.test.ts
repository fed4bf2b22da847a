import assert from 'node:assert/strict';
import { simulatedBus } from '../../src/sim/simulated-bus.js';
import { FakeClock } from '../support/fake-clock.js';

describe('the bus of --simulate', () => {
  it('has as many probes as asked for, each with a uid and a socket of its own', async () => {
    await using bus = simulatedBus([[], ['v1']], new FakeClock());

    const devices = await bus.list();

    assert.deepEqual(
      devices.map(({ serial, portPath }) => [serial, portPath]),
      [
        ['SIM0001', '1-1'],
        ['SIM0002', '1-2'],
      ],
    );
  });
});
