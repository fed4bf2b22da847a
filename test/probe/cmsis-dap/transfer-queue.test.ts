// What the driver writes to SELECT, and when it stops to believe that it is still there (docs/architecture.md, "What the
// driver believes"). Request bytes: CMSIS-DAP 2.1.2, DAP_Transfer: bit 0 AP, bit 1 read, bits 3:2 A[3:2].

import assert from 'node:assert/strict';
import { bitString } from '../../../src/dap/bit-string.js';
import { NoAckError, TransferError, TransferFaultError } from '../../../src/dap/errors.js';
import { CTRL_STAT, DP } from '../../../src/dap/registers.js';
import type { Probe } from '../../../src/probe/probe.js';
import { ScriptedDevice, type Step } from '../scripted-usb.js';
import { connectSwdSteps, infoSteps, inStep, NEVER, openProbe } from './opened-probe.js';

const DRW = 0x0c;
const readDrwSelecting: Step = { out: '05 00 02 08 00000000 0f', in: ['05 02 01 11111111'] };
const readDrw: Step = { out: '05 00 01 0f', in: ['05 01 01 11111111'] };

async function opened(...steps: Step[]): Promise<{ device: ScriptedDevice; probe: Probe }> {
  const device = new ScriptedDevice(...infoSteps({ capabilities: '01 03' }), ...steps);
  return { device, probe: (await openProbe(device)).probe };
}

describe('an access to an AP', () => {
  it('selects AP and bank in the same packet, once', async () => {
    const { device, probe } = await opened(
      { out: '05 00 02 08 f0000001 0f', in: ['05 02 01 77047704'] }, // IDR of AP 1
      { out: '05 00 01 0b', in: ['05 01 01 03000be0'] }, // BASE, in the same bank
      { out: '05 00 02 08 00000000 01 52000023', in: ['05 02 01'] }, // CSW of AP 0
    );

    await probe.dap.readAp(0x010000fc, 1, NEVER);
    await probe.dap.readAp(0x010000f8, 1, NEVER);
    await probe.dap.writeAp(0x00000000, Uint32Array.of(0x23000052), NEVER);

    device.done();
  });

  it('writes SELECT1 for the upper half of a 64-bit address, and takes it back afterwards', async () => {
    const { device, probe } = await opened(
      // SELECT = 0x80002df0 and DPBANKSEL 5, SELECT1 = 0x12, DPBANKSEL back to 0, IDR
      { out: '05 00 04 08 f52d0080 04 12000000 08 f02d0080 0f', in: ['05 04 01 77047704'] },
      { out: '05 00 04 08 f52d0000 04 00000000 08 f02d0000 0f', in: ['05 04 01 77047704'] },
    );

    await probe.dap.readAp(0x12_80002dfc, 1, NEVER);
    await probe.dap.readAp(0x00002dfc, 1, NEVER);

    device.done();
  });

  it('of a DPv3 writes SELECT1 even if it is to be 0, because nobody knows what is in it', async () => {
    const { device, probe } = await opened(
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] }, // DPIDR with VERSION 3
      { out: '05 00 04 08 05000000 04 00000000 08 00000000 0f', in: ['05 04 01 11111111'] },
      readDrw,
    );

    await probe.dap.readDp(DP.DPIDR, NEVER);
    await probe.dap.readAp(DRW, 1, NEVER);
    await probe.dap.readAp(DRW, 1, NEVER);

    device.done();
  });

  it('that runs past a packet continues in blocks', async () => {
    const { device, probe } = await opened(
      { out: `05 00 10 08 00000000 ${'0f'.repeat(15)}`, in: [`05 10 01 ${'01000000'.repeat(15)}`] },
      { out: '06 00 0f00 0f', in: [`06 0f00 01 ${'02000000'.repeat(15)}`] },
      { out: '06 00 0200 0f', in: [`06 0200 01 ${'03000000'.repeat(2)}`] },
    );

    const words = await probe.dap.readAp(DRW, 32, NEVER);

    const expected = [...Array<number>(15).fill(1), ...Array<number>(15).fill(2), 3, 3];
    assert.deepEqual([...words], expected);
    device.done();
  });

  it('is not started with an aborted signal, and leaves nothing behind for the next', async () => {
    const { device, probe } = await opened(readDrwSelecting);

    await assert.rejects(probe.dap.readAp(DRW, 1, AbortSignal.abort(new Error('no'))), /no/);
    await probe.dap.readAp(DRW, 1, NEVER);

    device.done();
  });
});

describe('an access to the DP', () => {
  it('reads DPIDR alone while SELECT is unknown', async () => {
    const { device, probe } = await opened({ out: '05 00 01 02', in: ['05 01 01 7724b10b'] });

    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x0bb12477);
    device.done();
  });

  it('selects bank 0 for DPIDR of a DPv3 when another may be selected, but not after a sequence', async () => {
    const { device, probe } = await opened(
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] }, // DPIDR with VERSION 3
      { out: '05 00 02 08 01000000 02', in: ['05 02 01 20000000'] }, // DPIDR1, bank 1
      { out: '05 00 01 00 1e000000', in: ['05 01 01'] }, // ABORT: SELECT is not counted on any more
      { out: '05 00 02 08 00000000 02', in: ['05 02 01 7734013c'] },
      { out: '12 33 ffffffffffff07', in: ['12 00'] },
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] },
    );

    await probe.dap.readDp(DP.DPIDR, NEVER);
    assert.equal(await probe.dap.readDp(0x10, NEVER), 0x20);
    await probe.dap.writeDp(DP.ABORT, 0x1e, NEVER);
    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x3c013477);
    await probe.swjSequence?.(bitString(51, -1n), NEVER);
    await probe.dap.readDp(DP.DPIDR, NEVER);

    device.done();
  });

  it('reads DPIDR of a DPv3 twice after a reset that may have left another bank selected, or have reset the line', async () => {
    const { device, probe } = await opened(
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] },
      { out: '05 00 02 08 01000000 02', in: ['05 02 01 20000000'] },
      { out: '10 80 80 00000000', in: ['1080'] },
      { out: '05 00 01 02', in: ['05 01 01 20000000'] }, // it was left
      { out: '05 00 02 08 00000000 02', in: ['05 02 01 7734013c'] },
      { out: '10 80 80 00000000', in: ['1080'] },
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] }, // bank 0 was: it is the same before and after
    );

    await probe.dap.readDp(DP.DPIDR, NEVER);
    await probe.dap.readDp(0x10, NEVER);
    await probe.setReset(false, NEVER);
    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x3c013477);
    await probe.setReset(false, NEVER);
    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x3c013477);

    device.done();
  });

  it('reads DPIDR of a DPv3 once after a line reset, also where SELECT was being written when nobody answered', async () => {
    const { device, probe } = await opened(
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] },
      { out: '05 00 04 08 05200000 04 00000000 08 00200000 03', in: ['05 00 07'] }, // SELECT in bank 5, SELECT1, SELECT; CSW
      { out: '12 33 ffffffffffff07', in: ['12 00'] },
      { out: '12 08 00', in: ['12 00'] },
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] }, // with sticky flags SELECT could not be written now
    );

    await probe.dap.readDp(DP.DPIDR, NEVER);
    await assert.rejects(probe.dap.readAp(0x2000, 1, NEVER), NoAckError);
    await probe.swjSequence?.(bitString(51, -1n), NEVER);
    await probe.swjSequence?.(bitString(8, 0), NEVER);
    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x3c013477);

    device.done();
  });

  for (const [what, aborts] of [
    ['an ABORT', [{ out: '08 00 1f000000', in: ['0800'] }]],
    ['a FAULT', [{ out: '05 00 01 06', in: ['05 01 04'] }]],
  ] as const) {
    it(`selects bank 0 for DPIDR of a DPv3 behind ${what}, also where the line might have been reset, and was not`, async () => {
      const { device, probe } = await opened(
        { out: '05 00 01 02', in: ['05 01 01 7734013c'] },
        { out: '05 00 04 08 05200000 04 00000000 08 00200000 03', in: ['05 04 01 52000023'] },
        { out: '10 80 80 00000000', in: ['1080'] },
        { out: '05 00 02 08 01000000 06', in: ['05 02 01 40000000'] }, // DLCR
        ...aborts,
        { out: '05 00 02 08 00000000 02', in: ['05 02 01 7734013c'] },
      );

      await probe.dap.readDp(DP.DPIDR, NEVER);
      await probe.dap.readAp(0x2000, 1, NEVER);
      await probe.setReset(false, NEVER);
      await probe.dap.readDp(0x14, NEVER);
      if (what === 'an ABORT') await probe.dap.writeDp(DP.ABORT, 0x1f, NEVER);
      else await assert.rejects(probe.dap.readDp(0x14, NEVER), TransferFaultError);
      assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x3c013477);

      device.done();
    });
  }

  it('reads DPIDR of a DPv3 first after TARGETSEL, too, which begins with a line reset', async () => {
    const { device, probe } = await opened(
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] },
      { out: '05 00 02 08 01000000 02', in: ['05 02 01 20000000'] },
      { out: '1d…', in: ['1d00 00'] },
      { out: '05 00 01 02', in: ['05 01 01 7734013c'] },
    );

    await probe.dap.readDp(DP.DPIDR, NEVER);
    await probe.dap.readDp(0x10, NEVER);
    await probe.dap.writeDp(DP.TARGETSEL, 0x01002927, NEVER);
    await probe.dap.readDp(DP.DPIDR, NEVER);

    device.done();
  });

  it('selects the bank of a banked register, and bank 0 again for an AP: after a FAULT CTRL/STAT is wanted', async () => {
    const { device, probe } = await opened(
      { out: '05 00 02 08 f0000001 0f', in: ['05 02 01 77047704'] },
      { out: '05 00 02 08 f2000001 06', in: ['05 02 01 27290001'] }, // TARGETID, bank 2
      { out: '05 00 02 08 f0000001 0f', in: ['05 02 04'] }, // FAULT
      { out: '05 00 01 06', in: ['05 01 01 200000f0'] }, // CTRL/STAT, which SELECT could not be written for any more
    );

    await probe.dap.readAp(0x010000fc, 1, NEVER);
    assert.equal(await probe.dap.readDp(DP.TARGETID, NEVER), 0x01002927);
    await assert.rejects(probe.dap.readAp(0x010000fc, 1, NEVER), TransferFaultError);
    assert.equal(await probe.dap.readDp(DP.CTRL_STAT, NEVER), 0xf0000020);

    device.done();
  });

  it('does not select for registers that are in every bank', async () => {
    const { device, probe } = await opened(
      { out: '05 00 01 0e', in: ['05 01 01 00000000'] },
      { out: '05 00 01 0a', in: ['05 01 01 00000000'] },
      { out: '05 00 01 00 1e000000', in: ['05 01 01'] },
    );

    await probe.dap.readDp(DP.RDBUFF, NEVER);
    await probe.dap.readDp(DP.RESEND, NEVER);
    await probe.dap.writeDp(DP.ABORT, 0x1e, NEVER);

    device.done();
  });
});

describe('after a FAULT', () => {
  it('CTRL/STAT is read without a write of SELECT, which the DP would answer with FAULT as well', async () => {
    const { device, probe } = await opened(
      { out: '05 00 02 08 f0000001 0f', in: ['05 02 04'] }, // SELECT was written, the AP faults
      { out: '05 00 01 06', in: ['05 01 01 200000f0'] },
      { out: '05 00 02 08 f0000001 0f', in: ['05 02 01 77047704'] }, // the AP is selected anew all the same
    );

    await assert.rejects(probe.dap.readAp(0x010000fc, 1, NEVER), TransferFaultError);
    assert.equal(await probe.dap.readDp(DP.CTRL_STAT, NEVER), 0xf0000020);
    await probe.dap.readAp(0x010000fc, 1, NEVER);

    device.done();
  });

  it('that answers the write of SELECT itself, nothing is known of the bank', async () => {
    const { device, probe } = await opened(
      { out: '05 00 02 08 f0000001 0f', in: ['05 00 04'] },
      { out: '05 00 02 08 00000000 06', in: ['05 00 04'] },
    );

    await assert.rejects(probe.dap.readAp(0x010000fc, 1, NEVER), TransferFaultError);
    await assert.rejects(probe.dap.readDp(DP.CTRL_STAT, NEVER), TransferFaultError);

    device.done();
  });
});

describe('after a write of SELECT that nobody answered', () => {
  it('CTRL/STAT is read without another one, where the bank was the same before', async () => {
    const { device, probe } = await opened(
      { out: '05 00 02 08 f0000000 0f', in: ['05 02 01 77047704'] },
      { out: '05 00 02 08 f0000001 0f', in: ['05 00 07'] },
      { out: '05 00 01 06', in: ['05 01 01 200000f0'] },
    );
    await probe.dap.readAp(0x000000fc, 1, NEVER);

    await assert.rejects(probe.dap.readAp(0x010000fc, 1, NEVER), NoAckError);
    assert.equal(await probe.dap.readDp(DP.CTRL_STAT, NEVER), 0xf0000020);

    device.done();
  });

  it('the bank is not counted on where it was another one', async () => {
    const { device, probe } = await opened(
      { out: '05 00 02 08 02000000 06', in: ['05 02 01 27290001'] }, // TARGETID, bank 2
      { out: '05 00 02 08 f0000000 0f', in: ['05 00 07'] },
      { out: '05 00 02 08 00000000 06', in: ['05 02 01 000000f0'] },
    );
    await probe.dap.readDp(DP.TARGETID, NEVER);

    await assert.rejects(probe.dap.readAp(0x000000fc, 1, NEVER), NoAckError);
    await probe.dap.readDp(DP.CTRL_STAT, NEVER);

    device.done();
  });
});

describe('what is believed to be in SELECT is forgotten', () => {
  const cases: [string, readonly Step[], (probe: Probe) => Promise<unknown>][] = [
    [
      'after a FAULT',
      [{ out: '05 00 01 0f', in: ['05 00 04'] }],
      (probe) => assert.rejects(probe.dap.readAp(DRW, 1, NEVER), TransferFaultError),
    ],
    [
      'after a FAULT in a block',
      [{ out: '06 00 0200 0f', in: ['06 0100 04 11111111'] }],
      (probe) => assert.rejects(probe.dap.readAp(DRW, 2, NEVER), TransferFaultError),
    ],
    [
      'after no ACK',
      [{ out: '05 00 01 0f', in: ['05 00 07'] }],
      (probe) => assert.rejects(probe.dap.readAp(DRW, 1, NEVER), TransferError),
    ],
    [
      'after a SWJ sequence',
      [{ out: '12 08 ff', in: ['1200'] }],
      async (probe) => probe.swjSequence?.(bitString(8, 0xff), NEVER),
    ],
    [
      'after an SWD sequence',
      [{ out: '1d 01 08 ff', in: ['1d00'] }],
      async (probe) => probe.swd?.sequence([{ direction: 'output', sequence: bitString(8, 0xff) }], NEVER),
    ],
    [
      'after a JTAG sequence',
      [{ out: '14 01 08 ff', in: ['1400'] }],
      async (probe) => probe.jtag?.sequence({ tms: 0, readTdo: false, tdi: bitString(8, 0xff) }, NEVER),
    ],
    ['after nRESET', [{ out: '10 80 80 00000000', in: ['1080'] }], (probe) => probe.setReset(false, NEVER)],
    [
      'after ABORT',
      [{ out: '05 00 01 00 1e000000', in: ['05 01 01'] }],
      (probe) => probe.dap.writeDp(DP.ABORT, 0x1e, NEVER),
    ],
    [
      'after the power requests in CTRL/STAT change',
      [{ out: '05 00 01 04 00000050', in: ['05 01 01'] }],
      (probe) => probe.dap.writeDp(DP.CTRL_STAT, CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ, NEVER),
    ],
    ['after connecting', connectSwdSteps, (probe) => probe.connect('SWD', NEVER)],
    ['after disconnecting', [{ out: '03', in: ['0300'] }], (probe) => probe.disconnect(NEVER)],
    [
      'after a timeout',
      [{ out: '05 00 01 0f' }, inStep],
      (probe) => assert.rejects(probe.dap.readAp(DRW, 1, NEVER), /does not answer/),
    ],
  ];
  for (const [when, steps, act] of cases) {
    it(when, async () => {
      const { device, probe } = await opened(readDrwSelecting, ...steps, readDrwSelecting);
      await probe.dap.readAp(DRW, 1, NEVER);

      await act(probe);
      await probe.dap.readAp(DRW, 1, NEVER);

      device.done();
    });
  }

  it('but not when CTRL/STAT is written with the same power requests', async () => {
    const powered: Step = { out: '05 00 01 04 00000050', in: ['05 01 01'] };
    const { device, probe } = await opened(readDrwSelecting, powered, readDrwSelecting, powered, readDrw);

    await probe.dap.readAp(DRW, 1, NEVER);
    await probe.dap.writeDp(DP.CTRL_STAT, 0x50000000, NEVER);
    await probe.dap.readAp(DRW, 1, NEVER);
    await probe.dap.writeDp(DP.CTRL_STAT, 0x50000000, NEVER);
    await probe.dap.readAp(DRW, 1, NEVER);

    device.done();
  });
});

describe('a probe connected with JTAG', () => {
  const [, clock, transfers] = connectSwdSteps;
  const connectJtagSteps: Step[] = [{ out: '0202', in: ['0202'] }, clock, transfers, { out: '15 01 04', in: ['1500'] }];
  const CSW = 0x00;

  async function connected(...steps: Step[]): Promise<{ device: ScriptedDevice; probe: Probe }> {
    const rig = await opened(...connectJtagSteps, ...steps);
    assert.equal(await rig.probe.connect('JTAG', NEVER), 'JTAG');
    return rig;
  }

  it('has one TAP of four IR bits, and writes ABORT through its own instruction', async () => {
    const { device, probe } = await connected({ out: '08 00 1e000000', in: ['0800'] });

    await probe.dap.writeDp(DP.ABORT, 0x1e, NEVER);

    device.done();
  });

  // Test-Logic-Reset leaves SELECT as it is, and address 0 of a DPv3 is DPIDR in bank 0 alone (IHI 0074 B2.2).
  it('selects bank 0 for DPIDR where it does not know the bank', async () => {
    const selecting: Step = { out: '05 00 02 08 00000000 02', in: ['05 02 01 7734013c'] };
    const { device, probe } = await connected(
      selecting,
      { out: '05 00 02 08 01000000 02', in: ['05 02 01 28000000'] }, // DPIDR1
      { out: '14 01 46 3f', in: ['1400'] },
      selecting,
    );

    await probe.dap.readDp(DP.DPIDR, NEVER);
    await probe.dap.readDp(0x10, NEVER);
    await probe.jtag?.sequence({ tms: 1, readTdo: false, tdi: bitString(6, 0x3f) }, NEVER);
    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x3c013477);

    device.done();
  });

  const powered: Step = { out: '05 00 02 08 00000000 04 00000050', in: ['05 02 01'] };
  const losses: [string, Step[], (dap: Probe['dap']) => Promise<unknown>][] = [
    [
      'a read',
      [{ out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 00000000 00000000'] }],
      (dap) => dap.readAp(DRW, 1, NEVER),
    ],
    [
      'a read that found a sticky flag, too',
      [{ out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 00000000 20000000'] }],
      (dap) => dap.readAp(DRW, 1, NEVER),
    ],
    [
      'blocks',
      [
        { out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 11111111 000000f0'] },
        { out: '06 00 0f00 0f', in: [`06 0f00 01 ${'00000000'.repeat(15)}`] },
        { out: '05 00 01 06', in: ['05 01 01 00000000'] },
      ],
      async (dap) => {
        await dap.readAp(DRW, 1, NEVER);
        return dap.readAp(DRW, 15, NEVER);
      },
    ],
  ];
  for (const [what, steps, access] of losses) {
    it(`takes a power-up request that is gone behind ${what} for a target that has lost its power`, async () => {
      const { device, probe } = await connected(powered, ...steps);
      await probe.dap.writeDp(DP.CTRL_STAT, 0x50000000, NEVER);

      await assert.rejects(access(probe.dap), NoAckError);

      device.done();
    });
  }

  it('counts on the power-up request behind a reset, but not behind its loss before it was seen again', async () => {
    const read = '05 00 03 08 00000000 0f 06';
    const { device, probe } = await connected(
      powered,
      { out: '10 00 80 00000000', in: ['1000'] },
      { out: read, in: ['05 03 01 00000000 00000000'] },
      { out: read, in: ['05 03 01 00000000 20000000'] },
      { out: '05 00 01 06', in: ['05 01 01 000000f0'] },
      { out: read, in: ['05 03 01 00000000 00000000'] },
    );
    await probe.dap.writeDp(DP.CTRL_STAT, 0x50000000, NEVER);
    await probe.setReset(true, NEVER);

    await assert.rejects(probe.dap.readAp(DRW, 1, NEVER), NoAckError);
    await assert.rejects(probe.dap.readAp(DRW, 1, NEVER), TransferFaultError);
    await probe.dap.readDp(DP.CTRL_STAT, NEVER);
    await assert.rejects(probe.dap.readAp(DRW, 1, NEVER), NoAckError);

    device.done();
  });

  it('reads CTRL/STAT behind accesses to an AP, in the same packet where it fits', async () => {
    const { device, probe } = await connected(
      { out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 11111111 000000f0'] },
      { out: '05 00 03 0f 0f 06', in: ['05 03 01 11111111 22222222 000000f0'] },
      { out: '05 00 02 01 52000023 06', in: ['05 02 01 000000f0'] },
      // 15 words are all that fits into an answer of 64 bytes.
      { out: '06 00 0f00 0f', in: [`06 0f00 01 ${'01000000'.repeat(15)}`] },
      { out: '05 00 01 06', in: ['05 01 01 000000f0'] },
    );

    assert.deepEqual([...(await probe.dap.readAp(DRW, 1, NEVER))], [0x11111111]);
    assert.deepEqual([...(await probe.dap.readAp(DRW, 2, NEVER))], [0x11111111, 0x22222222]);
    await probe.dap.writeAp(CSW, Uint32Array.of(0x23000052), NEVER);
    assert.deepEqual([...(await probe.dap.readAp(DRW, 15, NEVER))], Array<number>(15).fill(1));

    device.done();
  });

  it('selects the bank of CTRL/STAT for that', async () => {
    const { device, probe } = await connected(
      { out: '05 00 02 08 02000000 06', in: ['05 02 01 27290001'] }, // TARGETID, bank 2
      { out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 11111111 000000f0'] },
    );

    await probe.dap.readDp(DP.TARGETID, NEVER);
    await probe.dap.readAp(DRW, 1, NEVER);

    device.done();
  });

  it('takes a sticky flag for the FAULT that no ACK of JTAG says', async () => {
    const { device, probe } = await connected(
      { out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 00000000 200000f0'] }, // STICKYERR
      { out: '05 00 03 08 00000000 01 52000023 06', in: ['05 03 01 200000f0'] }, // until it is cleared
      { out: '05 00 01 04 20000050', in: ['05 01 01'] },
      { out: '05 00 03 08 00000000 0f 06', in: ['05 03 01 11111111 000000f0'] },
      // A write that takes two packets.
      { out: `06 00 0e00 0d ${'00000000'.repeat(14)}`, in: ['06 0e00 01'] },
      { out: `06 00 0200 0d ${'00000000'.repeat(2)}`, in: ['06 0200 01'] },
      { out: '05 00 01 06', in: ['05 01 01 200000f0'] },
    );
    const isFault = (error: unknown): boolean =>
      error instanceof TransferFaultError && error.access?.port === 'AP' && error.access.address === DRW;

    await assert.rejects(probe.dap.readAp(DRW, 1, NEVER), isFault);
    await assert.rejects(probe.dap.writeAp(CSW, Uint32Array.of(0x23000052), NEVER), TransferFaultError);
    await probe.dap.writeDp(DP.CTRL_STAT, 0x50000020, NEVER);
    await probe.dap.readAp(DRW, 1, NEVER);
    await assert.rejects(probe.dap.writeAp(DRW, new Uint32Array(16), NEVER), isFault);

    device.done();
  });
});
