// Writes that are acknowledged before they are executed: when they leave, and who hears of their errors.

import assert from 'node:assert/strict';
import { Ack } from '../../src/dap/ack.js';
import { NoAckError, TransferFaultError, TransferTimeoutError } from '../../src/dap/errors.js';
import { DP, MEM_AP } from '../../src/dap/registers.js';
import { ProbeDisconnectedError, ProbeError } from '../../src/probe/errors.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { ProbeEndpoint } from '../../src/sim/probe-descriptor.js';
import { NEVER, SessionRig } from './session-rig.js';

const CSW_WORDS = 0x23000052;
const CSW_BYTES = 0x23000050;
const CSW_HALFWORDS = 0x23000051;
const NOWHERE = 0x90000000;

const start = (): Promise<SessionRig> => SessionRig.start({ driver: { postedWrites: true } });

function write(lease: ClientLease, register: number, value: number): Promise<void> {
  return lease.dap.writeAp(register, Uint32Array.of(value), NEVER);
}

async function writeMemory(lease: ClientLease, address: number, value: number): Promise<void> {
  await write(lease, MEM_AP.CSW, CSW_WORDS);
  await write(lease, MEM_AP.TAR, address);
  await write(lease, MEM_AP.DRW, value);
}

async function readMemory(lease: ClientLease, address: number): Promise<number> {
  await write(lease, MEM_AP.CSW, CSW_WORDS);
  await write(lease, MEM_AP.TAR, address);
  return (await lease.dap.readAp(MEM_AP.DRW, 1, NEVER))[0];
}

function inMemory(rig: SessionRig): number {
  return rig.sim.board.memory.read(RAM_BASE, 4);
}

describe('a posted write', () => {
  it('is executed after a millisecond, if nothing takes it along before', async () => {
    await using rig = await start();
    const lease = await rig.connected();
    await writeMemory(lease, RAM_BASE, 0x12345678);
    assert.notEqual(inMemory(rig), 0x12345678);

    await rig.clock.advance(1);

    assert.equal(inMemory(rig), 0x12345678);
  });

  it('waits no longer for writes that follow it', async () => {
    await using rig = await start();
    const lease = await rig.connected();
    await writeMemory(lease, RAM_BASE, 0x12345678);
    await rig.clock.advance(0.6);

    await writeMemory(lease, RAM_BASE + 4, 1);
    await rig.clock.advance(0.4);

    assert.equal(inMemory(rig), 0x12345678);
  });

  it('has a millisecond of its own, also where that of those before it has run out while they were sent', async () => {
    await using rig = await SessionRig.start({ probe: { transports: 'v2' }, driver: { postedWrites: true } });
    const lease = await rig.connected();
    await writeMemory(lease, RAM_BASE, 1);
    const onItsWay = (): number => rig.bus.inFlight(rig.sim, ProbeEndpoint.BulkOut);
    rig.bus.setTransferDelay(2);

    const writing = lease.dap.writeAp(MEM_AP.DRW, new Uint32Array(130), NEVER); // more than a packet: the rest is posted
    await rig.clock.advance(4);
    await writing;
    await rig.clock.advance(0.5);
    assert.equal(onItsWay(), 0);
    await rig.clock.advance(0.5);
    assert.equal(onItsWay(), 1);

    await rig.run(lease.dap.flush(NEVER));
  });

  it('is executed before another client works', async () => {
    await using rig = await start();
    const [first, second] = [await rig.connected(), await rig.connected()];

    await writeMemory(first, RAM_BASE, 1);

    assert.equal(await rig.run(readMemory(second, RAM_BASE)), 1);
  });

  it('is executed although its client leaves', async () => {
    await using rig = await start();
    await rig.connected(); // somebody stays
    const lease = await rig.connected();
    await writeMemory(lease, RAM_BASE, 2);

    await rig.run(Promise.resolve(lease[Symbol.asyncDispose]()));

    assert.equal(inMemory(rig), 2);
  });
});

describe('a write behind an error of its client', () => {
  for (const [until, abort] of [
    ['that is not ended, but has cleared all flags', 0x1e],
    ['whose flags are not all cleared', 0x05],
  ] as const) {
    it(`is waited for, as it would be alone, also when others were there in between (${until})`, async () => {
      await using rig = await start();
      const [client, other] = [await rig.connected(), await rig.connected()];
      await readMemory(client, RAM_BASE);
      rig.sim.board.faults.inject({ kind: 'wait', times: 151, on: { port: 'AP' } });
      await assert.rejects(rig.run(client.dap.readAp(MEM_AP.TAR, 1, NEVER)), TransferTimeoutError);
      await rig.run(readMemory(other, RAM_BASE));

      await rig.run(client.dap.writeDp(DP.ABORT, abort, NEVER));
      await rig.run(write(client, MEM_AP.TAR, NOWHERE));

      await assert.rejects(rig.run(write(client, MEM_AP.DRW, 1)), TransferFaultError);
    });
  }
});

describe('a write of ABORT behind an error of its client', () => {
  it('is waited for: whether anybody is there is told by it', async () => {
    await using rig = await start();
    const client = await rig.connected();
    rig.sim.board.faults.inject({ kind: 'fault', on: { port: 'AP' } });
    await assert.rejects(rig.run(readMemory(client, RAM_BASE)), TransferFaultError);
    rig.sim.board.faults.inject({ kind: 'no-ack', on: { port: 'DP', direction: 'write' } });

    await assert.rejects(rig.run(client.dap.writeDp(DP.ABORT, 0x1e, NEVER)), NoAckError);
  });
});

describe('a posted write that fails', () => {
  it('is told to the client that wrote, and to nobody else', async () => {
    await using rig = await start();
    const [writer, other] = [await rig.connected(), await rig.connected()];
    await writeMemory(writer, NOWHERE, 1);

    assert.equal(typeof (await rig.run(readMemory(other, RAM_BASE))), 'number');
    await assert.rejects(rig.run(writer.dap.readDp(0, NEVER)), TransferFaultError);
    await rig.run(writer.dap.writeDp(0, 0x1e, NEVER));
    assert.equal(typeof (await rig.run(readMemory(writer, RAM_BASE))), 'number');
  });

  it('leaves TAR as it was written before it, where another client had another one', async () => {
    await using rig = await start();
    const [writer, other] = [await rig.connected(), await rig.connected()];
    await rig.run(readMemory(writer, RAM_BASE));
    await rig.run(readMemory(other, RAM_BASE + 0x100));
    await rig.run(writer.dap.readAp(MEM_AP.CSW, 1, NEVER));

    await write(writer, MEM_AP.TAR, NOWHERE);
    await write(writer, MEM_AP.DRW, 1);
    await assert.rejects(rig.run(writer.dap.readAp(MEM_AP.TAR, 1, NEVER)), TransferFaultError);
    await rig.run(writer.dap.writeDp(DP.ABORT, 0x1e, NEVER));

    assert.deepEqual([...(await rig.run(writer.dap.readAp(MEM_AP.TAR, 1, NEVER)))], [NOWHERE]);
  });

  it('is told by the next request that may fail, which lock and unlock are not', async () => {
    await using rig = await start();
    const lease = await rig.connected();
    await writeMemory(lease, NOWHERE, 1);
    await rig.clock.advance(1);

    await lease.lock(NEVER);
    lease.unlock();
    await assert.rejects(rig.run(lease.setClock(1_000_000, NEVER)), TransferFaultError);
    await rig.run(lease.setClock(1_000_000, NEVER));
  });

  it('is told by disconnect, which disconnects all the same', async () => {
    await using rig = await start();
    const lease = await rig.connected();
    await writeMemory(lease, NOWHERE, 1);

    await assert.rejects(rig.run(lease.disconnect(NEVER)), TransferFaultError);

    assert.equal(lease.wireProtocol, undefined);
  });

  it('is forgotten by who closes the probe, and not told when it is open again', async () => {
    await using rig = await start();
    await rig.connected();
    const lease = await rig.connected();
    await writeMemory(lease, NOWHERE, 1);
    await rig.clock.advance(1);

    await rig.run(lease.close(NEVER));
    await rig.run(lease.open(NEVER));

    await rig.run(lease.setClock(1_000_000, NEVER));
  });

  it('leaves nobody with what was posted behind it, where the probe has not told what it has executed', async () => {
    await using rig = await start();
    const [other, lease] = [await rig.connected(), await rig.connected()];
    for (const { dap } of [other, lease]) {
      await dap.writeDp(DP.SELECT, 0, NEVER);
      await dap.writeAp(MEM_AP.CSW, Uint32Array.of(CSW_WORDS), NEVER);
      await rig.run(dap.flush(NEVER));
    }
    const stops = rig.sim.onCommand(DapCommand.Transfer, {
      command: () => Uint8Array.of(DapCommand.Transfer, 0, 0),
      answer: () => Uint8Array.of(DapCommand.Transfer, 0, Ack.Ok),
    });
    await write(lease, MEM_AP.CSW, CSW_BYTES);
    await assert.rejects(rig.run(lease.dap.flush(NEVER)), ProbeError);
    stops[Symbol.dispose]();

    await write(other, MEM_AP.CSW, CSW_HALFWORDS);
    await rig.run(other.dap.flush(NEVER));

    assert.deepEqual([...(await rig.run(lease.dap.readAp(MEM_AP.CSW, 1, NEVER)))], [CSW_WORDS]);
  });

  it('does not keep nRESET low when its client lets go of it, and is told then', async () => {
    await using rig = await start();
    const lease = await rig.connected();
    await rig.run(lease.setReset(true, NEVER));
    await writeMemory(lease, NOWHERE, 1);
    await rig.clock.advance(1);

    await assert.rejects(rig.run(lease.setReset(false, NEVER)), TransferFaultError);

    assert.equal(rig.sim.board.connector.nReset.low, false);
    assert.equal(await rig.run(lease.readReset(NEVER)), false); // told once
  });

  it('does not keep a client that leaves from giving everything back', async () => {
    await using rig = await start();
    const [other, lease] = [await rig.connected(), await rig.connected()];
    await rig.run(other.setClock(1_000_000, NEVER));
    await rig.run(lease.setClock(100_000, NEVER));
    await rig.run(lease.setReset(true, NEVER));
    await writeMemory(lease, NOWHERE, 1);

    await rig.run(Promise.resolve(lease[Symbol.asyncDispose]()));

    assert.equal(await rig.run(other.readReset(NEVER)), false);
    assert.equal(rig.sim.clockHz, 1_000_000);
  });

  it('is forgotten at an unplug, if nothing has told it by then', async () => {
    await using rig = await start();
    const lease = await rig.connected();
    await writeMemory(lease, NOWHERE, 1);
    await rig.clock.advance(1);

    await rig.unplug();
    await rig.plug();

    await rig.run(lease.open(NEVER));
    await rig.run(lease.connect('SWD', NEVER));
  });

  it('is of no matter when the probe is gone: that is told', async () => {
    await using rig = await start();
    const lease = await rig.connected();
    await writeMemory(lease, RAM_BASE, 1);

    await rig.unplug();

    await assert.rejects(rig.run(lease.dap.readDp(0, NEVER)), ProbeDisconnectedError);
  });
});
