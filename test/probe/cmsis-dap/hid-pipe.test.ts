import assert from 'node:assert/strict';
import { HidPipe } from '../../../src/probe/cmsis-dap/hid-pipe.js';
import { recordedConnection } from './recorded-connection.js';

const reports = { outEndpoint: 0x04, inEndpoint: 0x83, outputSizeBytes: 4, inputSizeBytes: 6 };
const options = { timeoutMs: 100 };

describe('a packet as a HID report', () => {
  it('is filled up with zeros, whatever was in the one before', async () => {
    const { connection, transfers } = recordedConnection();
    const pipe = new HidPipe(connection, reports);

    await pipe.write(Uint8Array.of(1, 2, 3, 4), options);
    await pipe.write(Uint8Array.of(5), options);

    assert.deepEqual(transfers, ['out 4: 01020304', 'out 4: 05000000']);
  });

  it('goes over endpoint 0 where the interface has no OUT endpoint', async () => {
    const { connection, transfers } = recordedConnection();
    const pipe = new HidPipe(connection, { ...reports, outEndpoint: undefined });

    await pipe.write(Uint8Array.of(1), options);

    assert.deepEqual(transfers, ['report: 01000000']);
  });

  it('is received whole, also where reports of that direction are longer than packets', async () => {
    const { connection, transfers } = recordedConnection();
    const pipe = new HidPipe(connection, reports);
    assert.equal(pipe.packetSizeBytes, 4);

    await pipe.read(options);

    assert.deepEqual(transfers, ['in 83: 6']);
  });
});
