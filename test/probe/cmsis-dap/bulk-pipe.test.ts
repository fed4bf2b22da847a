import assert from 'node:assert/strict';
import { BulkPipe } from '../../../src/probe/cmsis-dap/bulk-pipe.js';
import type { UsbEndpointInfo } from '../../../src/usb/usb-bus.js';
import { recordedConnection } from './recorded-connection.js';

const options = { timeoutMs: 100 };

function endpoint(address: number): UsbEndpointInfo {
  return { address, transferType: 'bulk', maxPacketSizeBytes: 64 };
}

describe('a probe with bulk endpoints', () => {
  it('is asked for a USB packet until it has said how long its packets are', async () => {
    const { connection, transfers } = recordedConnection();
    const pipe = new BulkPipe(connection, { out: endpoint(0x01), in: endpoint(0x82), swo: undefined });

    await pipe.read(options);
    pipe.resize(512);
    await pipe.read(options);

    assert.deepEqual(transfers, ['in 82: 64', 'in 82: 512']);
    assert.equal(pipe.swoStream, undefined);
  });

  it('is asked for one USB packet of SWO at a time: a longer transfer would keep bytes back, and lose them', async () => {
    const { connection, transfers } = recordedConnection();
    const pipe = new BulkPipe(connection, { out: endpoint(0x01), in: endpoint(0x82), swo: endpoint(0x83) });
    pipe.resize(512);

    await pipe.swoStream?.read(options);

    assert.deepEqual(transfers, ['in 83: 64']);
  });
});
