// What goes over the wire, and when, while writes are posted; and which writes never do. Request bytes: CMSIS-DAP 2.1.2,
// DAP_Transfer: bit 0 AP, bit 1 read, bits 3:2 A[3:2].

import assert from 'node:assert/strict';
import { type LogFields, silentLogger } from '../../../src/base/logger.js';
import { bitString } from '../../../src/dap/bit-string.js';
import { TransferError, TransferFaultError, TransferTimeoutError } from '../../../src/dap/errors.js';
import { CTRL_STAT, DP, MEM_AP } from '../../../src/dap/registers.js';
import type { Probe } from '../../../src/probe/probe.js';
import { ScriptedDevice, type Step } from '../scripted-usb.js';
import { connectSwdSteps, type InfoAnswers, infoSteps, inStep, NEVER, openProbe } from './opened-probe.js';

const { CSW, TAR, DRW, IDR } = MEM_AP;
const CSW_WORDS = 0x23000012;
const RAM = 0x20000000;
const ONES = bitString(8, 0xff);

async function opened(...steps: Step[]): Promise<{ device: ScriptedDevice; probe: Probe }> {
  return openedWith({}, ...steps);
}

async function openedWith(info: InfoAnswers, ...steps: Step[]): Promise<{ device: ScriptedDevice; probe: Probe }> {
  const device = new ScriptedDevice(...infoSteps({ capabilities: '01 03', ...info }), ...steps);
  return { device, probe: (await openProbe(device, {}, { postedWrites: true })).probe };
}

function write(probe: Probe, register: number, ...words: number[]): Promise<void> {
  return probe.dap.writeAp(register, Uint32Array.from(words), NEVER);
}

function read(probe: Probe, register: number, count = 1): Promise<Uint32Array> {
  return probe.dap.readAp(register, count, NEVER);
}

describe('posted writes', () => {
  it('leave in one packet with the next read, in order', async () => {
    const { device, probe } = await opened({
      out: '05 00 05 00 1e000000 08 00000000 01 12000023 05 00000020 0f',
      in: ['05 05 01 11111111'],
    });

    await probe.dap.writeDp(DP.ABORT, 0x1e, NEVER);
    await write(probe, CSW, CSW_WORDS);
    await write(probe, TAR, RAM);
    assert.equal(device.sent.length, 7, 'no more than the questions at open');
    assert.notEqual(probe.dap.postedBatch, undefined);

    assert.deepEqual([...(await read(probe, DRW))], [0x11111111]);
    assert.equal(probe.dap.postedBatch, undefined);
    device.done();
  });

  it('tell their own error where ABORT fails behind them, too', async () => {
    const { device, probe } = await opened(
      { out: '05 00 02 08 00000000 05 00000020', in: ['05 02 04'] }, // FAULT
      { out: '08 00 01000000', in: ['08 ff'] },
    );
    await write(probe, TAR, RAM);

    await assert.rejects(probe.dap.writeDp(DP.ABORT, 1, NEVER), TransferFaultError);

    device.done();
  });

  it('leave with flush', async () => {
    const { device, probe } = await opened({ out: '05 00 02 08 00000000 05 00000020', in: ['05 02 01'] });

    await write(probe, TAR, RAM);
    await probe.dap.flush(NEVER);
    await probe.dap.flush(NEVER);

    device.done();
  });

  it('leave when the packet is full: 61 bytes are twelve writes and no more', async () => {
    const twelve = `05 00 0c 08 00000000 ${'0d 01000000'.repeat(11)}`;
    const { device, probe } = await opened(
      { out: twelve, in: ['05 0c 01'] },
      { out: '05 00 01 0d 01000000', in: ['05 01 01'] },
    );

    for (let i = 0; i < 12; i++) await write(probe, DRW, 1);
    await probe.dap.flush(NEVER);

    device.done();
  });

  it('take the beginning of a longer run with them, and its end waits for what comes next', async () => {
    const { device, probe } = await opened(
      // TAR and ten words; 14 words are a block; three are left over.
      { out: `05 00 0c 08 00000000 05 00000020 ${'0d 00000000'.repeat(10)}`, in: ['05 0c 01'] },
      { out: `06 00 0e00 0d ${'00000000'.repeat(14)}`, in: ['06 0e00 01'] },
      { out: `05 00 04 ${'0d 00000000'.repeat(3)} 0f`, in: ['05 04 01 22222222'] },
    );

    await write(probe, TAR, RAM);
    await probe.dap.writeAp(DRW, new Uint32Array(27), NEVER);
    await read(probe, DRW);

    device.done();
  });

  it('leave room for the read of CTRL/STAT that ends them with JTAG', async () => {
    const [, clock, transfers] = connectSwdSteps;
    // Packets of 68 bytes: thirteen writes fill one to the last byte, and a block has fifteen words.
    const { device, probe } = await openedWith(
      { packetSize: '02 4400' },
      ...[{ out: '0202', in: ['0202'] }, clock, transfers, { out: '15 01 04', in: ['1500'] }],
      { out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 11111111 000000f0'] },
      { out: `06 00 0f00 0d ${'00000000'.repeat(15)}`, in: ['06 0f00 01'] },
      { out: `06 00 0d00 0d ${'00000000'.repeat(13)}`, in: ['06 0d00 01'] },
      { out: '05 00 01 06', in: ['05 01 01 000000f0'] },
    );
    await probe.connect('JTAG', NEVER);
    await read(probe, DRW);

    await write(probe, DRW, ...Array<number>(28).fill(0));
    await probe.dap.flush(NEVER);

    device.done();
  });

  const withStatus = (words: number): Step => ({
    out: `05 00 ${hex8(words + 1)} ${'0d 00000000'.repeat(words)} 06`,
    in: [`05 ${hex8(words + 1)} 01 000000f0`],
  });
  for (const [what, address, packetSize, words, last] of [
    ['a write of CTRL/STAT', DP.CTRL_STAT, '02 4900', 13, { out: '05 00 01 04 11000000', in: ['05 01 01'] }],
    // Else what is read would not be CTRL/STAT.
    ['one to another bank', DP.DLCR, '02 4400', 11, { out: '05 00 02 08 01000000 04 11000000', in: ['05 02 01'] }],
  ] as const) {
    it(`leave with that read before ${what}`, async () => {
      const [, clock, transfers] = connectSwdSteps;
      const { device, probe } = await openedWith(
        { packetSize },
        ...[{ out: '0202', in: ['0202'] }, clock, transfers, { out: '15 01 04', in: ['1500'] }],
        { out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 11111111 000000f0'] },
        ...[withStatus(words), last],
      );
      await probe.connect('JTAG', NEVER);
      await read(probe, DRW);

      for (let i = 0; i < words; i++) await write(probe, DRW, 0);
      await probe.dap.writeDp(address, 0x11, NEVER);
      await probe.dap.flush(NEVER);

      device.done();
    });
  }

  const posted: Step = { out: '05 00 02 08 00000000 05 00000020', in: ['05 02 01'] };
  const others: readonly (readonly [string, readonly Step[], (probe: Probe) => Promise<unknown>])[] = [
    ['a connect', connectSwdSteps, (probe) => probe.connect('SWD', NEVER)],
    ['a SWJ sequence', [{ out: '12 08 ff', in: ['1200'] }], async (probe) => probe.swjSequence?.(ONES, NEVER)],
    [
      'an SWD sequence',
      [{ out: '1d 01 08 ff', in: ['1d00'] }],
      async (probe) => probe.swd?.sequence([{ direction: 'output', sequence: ONES }], NEVER),
    ],
    [
      'a JTAG sequence',
      [{ out: '14 01 08 ff', in: ['1400'] }],
      async (probe) => probe.jtag?.sequence({ tms: 0, readTdo: false, tdi: ONES }, NEVER),
    ],
    ['nRESET', [{ out: '10 00 80 00000000', in: ['1000'] }], (probe) => probe.setReset(true, NEVER)],
    ['a look at nRESET', [{ out: '10 00 00 00000000', in: ['1080'] }], (probe) => probe.readReset(NEVER)],
    ['DAPABORT', [{ out: '08 00 01000000', in: ['0800'] }], (probe) => probe.dap.writeDp(DP.ABORT, 1, NEVER)],
    ['a disconnect', [{ out: '03', in: ['0300'] }], (probe) => probe.disconnect(NEVER)],
  ];
  for (const [what, steps, act] of others) {
    it(`leave before ${what}`, async () => {
      const { device, probe } = await opened(posted, ...steps);

      await write(probe, TAR, RAM);
      await act(probe);

      device.done();
    });
  }

  it('leave before the clock changes, which they were meant for', async () => {
    const { device, probe } = await opened(...connectSwdSteps, posted, { out: '11 80841e00', in: ['1100'] });
    await probe.connect('SWD', NEVER);

    await write(probe, TAR, RAM);
    await probe.setClock(2_000_000, NEVER);

    device.done();
  });

  it('leave before an access that does not fit with the SELECT it needs', async () => {
    const { device, probe } = await opened(
      { out: `05 00 0b 08 00000000 ${'0d 00000000'.repeat(10)}`, in: ['05 0b 01'] },
      { out: '05 00 02 08 00000001 0d 00000000', in: ['05 02 01'] }, // both would be 68 bytes
    );

    for (let i = 0; i < 10; i++) await write(probe, DRW, 0);
    await write(probe, 0x01000000 + DRW, 0);
    await probe.dap.flush(NEVER);

    device.done();
  });
});

describe('a posted write that fails', () => {
  it('is named by the error of the read that sent it, and what follows is dropped', async () => {
    const { device, probe } = await opened(
      { out: '05 00 04 08 00000000 05 00000090 0d 78563412 0f', in: ['05 02 04'] },
      { out: '05 00 02 08 00000000 0f', in: ['05 02 01 33333333'] },
    );

    await write(probe, TAR, 0x90000000);
    await write(probe, DRW, 0x12345678);
    await assert.rejects(
      read(probe, DRW),
      (error) => error instanceof TransferFaultError && error.access?.port === 'AP' && error.access.address === DRW,
    );
    assert.equal(probe.dap.postedBatch, undefined);
    assert.deepEqual([...(await read(probe, DRW))], [0x33333333]);
    device.done();
  });

  it('fails the write that finds the packet full, which is dropped with it', async () => {
    const { device, probe } = await opened({ out: '05 00 0c…', in: ['05 03 02'] });

    for (let i = 0; i < 11; i++) await write(probe, DRW, i);
    await assert.rejects(write(probe, DRW, 11), TransferTimeoutError);
    await probe.dap.flush(NEVER);

    device.done();
  });

  it('fails the access that finds no room for its SELECT, which is not written for the next one', async () => {
    const { device, probe } = await opened(
      { out: '05 00 0b…', in: ['05 03 02'] },
      { out: '05 00 02 08 00000000 0f', in: ['05 02 01 44444444'] },
    );

    for (let i = 0; i < 10; i++) await write(probe, DRW, i);
    await assert.rejects(write(probe, 0x01000000 + DRW, 0), TransferTimeoutError);
    assert.deepEqual([...(await read(probe, DRW))], [0x44444444]);

    device.done();
  });

  it('does not keep the probe from disconnecting, and is told by it', async () => {
    const { device, probe } = await opened({ out: '05 00 02…', in: ['05 01 07'] }, { out: '03', in: ['0300'] });

    await write(probe, TAR, RAM);
    await assert.rejects(probe.disconnect(NEVER), TransferError);

    device.done();
  });

  it('does not keep nRESET low, and is told by whoever lets go of it', async () => {
    const assertReset: Step = { out: '10 00 80 00000000', in: ['1000'] };
    const { device, probe } = await opened(
      ...[assertReset, { out: '05 00 02…', in: ['05 01 04'] }, { out: '10 80 80 00000000', in: ['1080'] }],
      ...[{ out: '05 00 02…', in: ['05 01 04'] }],
    );
    await probe.setReset(true, NEVER);

    await write(probe, TAR, RAM);
    await assert.rejects(probe.setReset(false, NEVER), TransferFaultError);
    await write(probe, TAR, RAM);
    await assert.rejects(probe.setReset(true, NEVER), TransferFaultError); // and nothing is asserted

    device.done();
  });

  it('is told also where nRESET cannot be let go of behind it: that is in the log', async () => {
    const warnings: [string, LogFields | undefined][] = [];
    const log = { ...silentLogger, warn: (...line: [string, LogFields?]) => void warnings.push([line[0], line[1]]) };
    const refused: Step = { out: '10 80 80 00000000', in: ['0000'] };
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 02…', in: ['05 01 04'] }, refused);
    const { probe } = await openProbe(device, {}, { postedWrites: true }, { ...log, child: () => log });

    await write(probe, TAR, RAM);
    await assert.rejects(probe.setReset(false, NEVER), TransferFaultError);

    device.done();
    assert.deepEqual(warnings, [['could not let go of nRESET', { error: 'the probe answered 0x0 to DAP_SWJ_Pins' }]]);
  });

  it('is told by disconnect, also where the probe does not let go of its pins behind it', async () => {
    const { device, probe } = await opened({ out: '05 00 02…', in: ['05 01 04'] }, { out: '03', in: ['03ff'] });

    await write(probe, TAR, RAM);
    await assert.rejects(probe.disconnect(NEVER), TransferFaultError);

    device.done();
  });

  it('is told by the next read of CTRL/STAT, which the DP would answer all the same', async () => {
    const { device, probe } = await opened({
      out: '05 00 05 08 00000000 05 00000090 0d 00000000 0e 06',
      in: ['05 03 04'],
    });

    await write(probe, TAR, 0x90000000);
    await write(probe, DRW, 0);
    await assert.rejects(probe.dap.readDp(DP.CTRL_STAT, NEVER), /FAULT \(AP 0x0000000c\)/);

    device.done();
  });

  it('leaves the bank of CTRL/STAT known that was acknowledged last, and not one behind the failure', async () => {
    const { device, probe } = await opened(
      // SELECT of bank 0 is executed, the access faults, SELECT of bank 2 never was.
      { out: '05 00 06 08 00000000 05 00000090 0d 00000000 08 02000000 0e 06', in: ['05 02 04'] },
      { out: '05 00 01 06', in: ['05 01 01 200000f0'] },
    );

    await write(probe, TAR, 0x90000000);
    await write(probe, DRW, 0);
    await assert.rejects(probe.dap.readDp(DP.TARGETID, NEVER), TransferFaultError);
    assert.equal(await probe.dap.readDp(DP.CTRL_STAT, NEVER), 0xf0000020);

    device.done();
  });
});

describe('a write of CSW or TAR that changes nothing', () => {
  const identify: Step = { out: '05 00 02 08 f0000000 0f', in: ['05 02 01 31007704'] };
  const select: Step = { out: '05 00 04 08 00000000 01 12000023 05 00000020 0f', in: ['05 04 01 00000000'] };
  const readAgain: Step = { out: '05 00 01 0f', in: ['05 01 01 00000000'] };

  async function selected(...steps: Step[]): Promise<{ device: ScriptedDevice; probe: Probe }> {
    const rig = await opened(identify, select, ...steps);
    await read(rig.probe, IDR);
    await access(rig.probe, RAM);
    return rig;
  }

  async function access(probe: Probe, address: number): Promise<void> {
    await write(probe, CSW, CSW_WORDS);
    await write(probe, TAR, address);
    await read(probe, DRW);
  }

  it('is left out: TAR has moved on to where it is to be', async () => {
    const { device, probe } = await selected(readAgain, {
      out: '05 00 02 05 00000020 0f',
      in: ['05 02 01 00000000'],
    });

    await access(probe, RAM + 4);
    await access(probe, RAM); // but this is somewhere else

    device.done();
  });

  it('is not left out where TAR may have stopped at the end of its 1 KB', async () => {
    const { device, probe } = await selected(
      { out: '05 00 02 05 fc030020 0f', in: ['05 02 01 00000000'] },
      { out: '05 00 02 05 00040020 0f', in: ['05 02 01 00000000'] },
    );

    await access(probe, RAM + 0x3fc);
    await access(probe, RAM + 0x400);

    device.done();
  });

  it('is not left out behind a write of the upper word of the address', async () => {
    const { device, probe } = await selected({
      out: '05 00 03 09 01000000 05 04000020 0f',
      in: ['05 03 01 00000000'],
    });

    await write(probe, MEM_AP.TAR_HIGH, 1);
    await access(probe, RAM + 4);

    device.done();
  });

  it('is not left out where CSW is not known, and so not by how much TAR has moved on', async () => {
    const { device, probe } = await opened(
      identify,
      { out: '05 00 03 08 00000000 05 00000020 0f', in: ['05 03 01 00000000'] },
      { out: '05 00 02 05 00000020 0f', in: ['05 02 01 00000000'] },
    );

    await read(probe, IDR);
    await write(probe, TAR, RAM);
    await read(probe, DRW);
    await write(probe, TAR, RAM);
    await read(probe, DRW);

    device.done();
  });

  it('is not left out where the MEM-AP packs accesses, and TAR moves on as it likes', async () => {
    const packed: Step = { out: '05 00 04 08 00000000 01 20000023 05 00000020 0f', in: ['05 04 01 00000000'] };
    const { device, probe } = await opened(identify, packed, {
      out: '05 00 02 05 01000020 0f',
      in: ['05 02 01 00000000'],
    });
    await read(probe, IDR);
    await write(probe, CSW, 0x23000020); // bytes, IHI 0031 C2.2.7
    await write(probe, TAR, RAM);
    await read(probe, DRW);

    await write(probe, TAR, RAM + 1);
    await read(probe, DRW);

    device.done();
  });

  it('is not left out among several', async () => {
    const { device, probe } = await selected({
      out: '05 00 03 05 04000020 05 00010020 0f',
      in: ['05 03 01 00000000'],
    });

    await write(probe, TAR, RAM + 4, RAM + 0x100);
    await read(probe, DRW);

    device.done();
  });

  it('is not left out for an AP that is no MEM-AP: its registers may be commands', async () => {
    const erase: Step = { out: '05 00 01 01 01000000', in: ['05 01 01'] };
    const { device, probe } = await opened(
      { out: '05 00 02 08 f0000001 0f', in: ['05 02 01 00008802'] },
      { out: '05 00 02 08 00000001 01 01000000', in: ['05 02 01'] },
      erase,
    );

    await read(probe, 0x010000fc);
    await write(probe, 0x01000000, 1);
    await probe.dap.flush(NEVER);
    await write(probe, 0x01000000, 1);
    await probe.dap.flush(NEVER);

    device.done();
  });

  const voids: readonly (readonly [string, readonly Step[], (probe: Probe) => Promise<unknown>])[] = [
    [
      'a FAULT',
      [{ out: '05 00 01 0f', in: ['05 00 04'] }],
      (probe) => assert.rejects(read(probe, DRW), TransferFaultError),
    ],
    [
      'a WAIT that lasts',
      [{ out: '05 00 01 0f', in: ['05 00 02'] }],
      (probe) => assert.rejects(read(probe, DRW), TransferTimeoutError),
    ],
    ['no ACK', [{ out: '05 00 01 0f', in: ['05 00 07'] }], (probe) => assert.rejects(read(probe, DRW), TransferError)],
    ['a timeout', [{ out: '05 00 01 0f' }, inStep], (probe) => assert.rejects(read(probe, DRW), /does not answer/)],
    ['nRESET', [{ out: '10 80 80 00000000', in: ['1080'] }], (probe) => probe.setReset(false, NEVER)],
    ['ABORT', [{ out: '05 00 01 00 1e000000', in: ['05 01 01'] }], (probe) => flushed(probe, DP.ABORT, 0x1e)],
    ['DAPABORT', [{ out: '08 00 01000000', in: ['0800'] }], (probe) => probe.dap.writeDp(DP.ABORT, 1, NEVER)],
    [
      'a change of power',
      [{ out: '05 00 01 04 00000010', in: ['05 01 01'] }],
      (probe) => flushed(probe, DP.CTRL_STAT, CTRL_STAT.CDBGPWRUPREQ),
    ],
    [
      'a reset of the core by SYSRESETREQ',
      [{ out: '05 00 02 05 0ced00e0 0d 0400fa05', in: ['05 02 01'] }],
      async (probe) => {
        await write(probe, TAR, 0xe000ed0c);
        await write(probe, DRW, 0x05fa0004);
        await probe.dap.flush(NEVER);
      },
    ],
    [
      'one among other words, wherever they go',
      [{ out: '05 00 03 0d 00000000 0d 0400fa05 0d 00000000', in: ['05 03 01'] }],
      async (probe) => {
        await write(probe, DRW, 0, 0x05fa0004, 0);
        await probe.dap.flush(NEVER);
      },
    ],
  ];
  for (const [what, steps, act] of voids) {
    it(`is not left out after ${what}`, async () => {
      const { device, probe } = await selected(...steps, select);

      await act(probe);
      await access(probe, RAM);

      device.done();
    });
  }

  // Another target may be on the wire: until its IDR is read nobody knows that it is a MEM-AP.
  const selectAnew: Step = {
    out: '05 00 05 08 00000000 01 12000023 05 00000020 01 12000023 0f',
    in: ['05 05 01 00000000'],
  };
  const otherTargets: readonly (readonly [string, readonly Step[], (probe: Probe) => Promise<unknown>])[] = [
    [
      'a SWJ sequence',
      [{ out: '12 08 ff', in: ['1200'] }],
      async (probe) => probe.swjSequence?.(bitString(8, 0xff), NEVER),
    ],
    [
      'TARGETSEL',
      [{ out: '1d 04 08 99 85 21 27290001 00 02 00', in: ['1d00 00'] }],
      (probe) => probe.dap.writeDp(DP.TARGETSEL, 0x01002927, NEVER),
    ],
    ['a connect', connectSwdSteps, (probe) => probe.connect('SWD', NEVER)],
  ];
  for (const [what, steps, act] of otherTargets) {
    it(`is not left out after ${what}, which may have brought another target`, async () => {
      const { device, probe } = await selected(...steps, selectAnew);

      await act(probe);
      await write(probe, CSW, CSW_WORDS);
      await write(probe, TAR, RAM);
      await write(probe, CSW, CSW_WORDS);
      await read(probe, DRW);

      device.done();
    });
  }
});

async function flushed(probe: Probe, address: number, value: number): Promise<void> {
  await probe.dap.writeDp(address, value, NEVER);
  await probe.dap.flush(NEVER);
}

function hex8(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
