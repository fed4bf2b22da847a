import assert from 'node:assert/strict';
import { silentLogger, type LogFields, type Logger } from '../../../src/base/logger.js';
import { BulkPipe } from '../../../src/probe/cmsis-dap/bulk-pipe.js';
import { InfoId, infoNumber } from '../../../src/probe/cmsis-dap/commands/info.js';
import { PacketExchange } from '../../../src/probe/cmsis-dap/packet-exchange.js';
import type { PacketPipe } from '../../../src/probe/cmsis-dap/packet-pipe.js';
import { UsbError } from '../../../src/usb/usb-error.js';
import { FakeClock } from '../../support/fake-clock.js';
import { bulkInterface, ScriptedDevice, usbDevice } from '../scripted-usb.js';
import { inStep, NEVER } from './opened-probe.js';

function exchangeWith(device: ScriptedDevice, log: Logger): Promise<PacketExchange> {
  const [out, answer] = bulkInterface().endpoints;
  const openPipe = async (): Promise<BulkPipe> =>
    new BulkPipe(await device.open(usbDevice().key, 0), { out, in: answer, swo: undefined });
  return PacketExchange.open(openPipe, { clock: new FakeClock(), log });
}

describe('the trace of packets', () => {
  it('shows both directions in hex while it is on', async () => {
    const lines: [string, LogFields | undefined][] = [];
    const log: Logger = {
      ...silentLogger,
      isEnabled: (level) => level === 'trace',
      trace: (message, fields) => lines.push([message, fields]),
    };
    const exchange = await exchangeWith(new ScriptedDevice({ out: '00fe', in: ['000104'] }), log);

    await exchange.exchange(infoNumber(InfoId.PacketCount), NEVER);

    assert.deepEqual(lines, [
      ['packet out', { bytes: '00 fe' }],
      ['packet in', { bytes: '00 01 04' }],
    ]);
  });

  it('is not built while it is off', async () => {
    const log: Logger = { ...silentLogger, trace: () => assert.fail('built') };
    const exchange = await exchangeWith(new ScriptedDevice({ out: '00fe', in: ['000104'] }), log);

    assert.equal(await exchange.exchange(infoNumber(InfoId.PacketCount), NEVER), 4);
  });
});

describe('opening a probe that fails', () => {
  it('says why, also where closing it fails as well', async () => {
    const openPipe = async (): Promise<PacketPipe> => ({
      ...{ version: 'v2', packetSizeBytes: 64, gone: NEVER, resize: () => undefined, write: async () => undefined },
      read: () => Promise.reject(new UsbError('access', 'scripted')),
      [Symbol.asyncDispose]: () => Promise.reject(new Error('not closed')),
    });

    const opening = PacketExchange.open(openPipe, { clock: new FakeClock(), log: silentLogger });

    await assert.rejects(opening, /^ProbeAccessError: reading from the probe/);
  });
});

describe('reopening a probe that another program has taken meanwhile', () => {
  it('says that it is busy, and works again when it is free', async () => {
    const device = new ScriptedDevice({ out: '00fe' });
    const exchange = await exchangeWith(device, silentLogger);
    await assert.rejects(exchange.exchange(infoNumber(InfoId.PacketCount), NEVER), /does not answer/);

    device.opens.push('busy');
    await assert.rejects(exchange.exchange(infoNumber(InfoId.PacketCount), NEVER), /another program uses the probe/);
    device.expect(inStep, { out: '00fe', in: ['000104'] });

    assert.equal(await exchange.exchange(infoNumber(InfoId.PacketCount), NEVER), 4);
  });
});
