// What real CMSIS-DAP probes do wrong. The numbers are those of the project's list of pitfalls; each is provoked here.

import assert from 'node:assert/strict';
import { UnsupportedError } from '../../../src/base/errors.js';
import { silentLogger, type LogFields, type Logger } from '../../../src/base/logger.js';
import { bitString } from '../../../src/dap/bit-string.js';
import { TransferFaultError, TransferTimeoutError } from '../../../src/dap/errors.js';
import { DP } from '../../../src/dap/registers.js';
import { ProbeError } from '../../../src/probe/errors.js';
import { parseProtocolVersion } from '../../../src/probe/cmsis-dap/probe-info.js';
import { bulkInterface, hidInterface, ScriptedDevice, type Step } from '../scripted-usb.js';
import { connectSwdSteps, infoSteps, inStep, NEVER, openProbe } from './opened-probe.js';

const readDpidr: Step = { out: '05 00 01 02', in: ['05 01 01 7724b10b'] };
const DRW = 0x0c;

describe('pitfall 1: answers left over from a program that was killed', () => {
  it('are not taken for answers to us', async () => {
    const device = new ScriptedDevice(...infoSteps(), readDpidr);
    device.stale('05 01 01 ffffffff', '00 02 0800');

    const { probe } = await openProbe(device);
    const dpidr = await probe.dap.readDp(DP.DPIDR, NEVER);

    assert.equal(probe.details.packetSizeBytes, 64);
    assert.equal(dpidr, 0x0bb12477);
  });

  it('without end make the open fail', async () => {
    const device = new ScriptedDevice();
    device.stale(...Array<string>(100).fill('05'));

    await assert.rejects(openProbe(device), /does not stop sending/);
    assert.equal(device.closed, 1);
  });
});

describe('pitfall 1: an answer that does not come', () => {
  it('fails the access, and a late one is not taken for the next answer', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 01 02' });
    const { probe } = await openProbe(device);

    await assert.rejects(probe.dap.readDp(DP.DPIDR, NEVER), /does not answer/);
    device.expect({ out: '010000', in: ['05 01 01 eeeeeeee', '0100'] }, readDpidr);
    const dpidr = await probe.dap.readDp(DP.DPIDR, NEVER);

    assert.equal(dpidr, 0x0bb12477);
    assert.deepEqual(device.opened, [0, 0]); // closed and opened again
    device.done();
  });

  it('leaves the probe usable even if getting back in step fails once', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 01 02' }, { out: '010000' }, inStep, readDpidr);
    const { probe } = await openProbe(device);

    await assert.rejects(probe.dap.readDp(DP.DPIDR, NEVER), ProbeError);
    await assert.rejects(probe.dap.readDp(DP.DPIDR, NEVER), ProbeError);
    const dpidr = await probe.dap.readDp(DP.DPIDR, NEVER);

    assert.equal(dpidr, 0x0bb12477);
  });
});

describe('pitfall 2: a HID probe that answers only after 512 bytes, and hides its report size', () => {
  it('is asked for its packet size until it answers, and the answers too many are dropped', async () => {
    const [question, ...others] = infoSteps();
    const silent = Array<Step>(7).fill({ out: '010000…' });
    const answered = { ...question, in: ['0100', '0100'] };
    const device = new ScriptedDevice(...silent, answered, ...others);

    const { probe } = await openProbe(device, { interfaces: [hidInterface()] });

    assert.equal(probe.details.packetSizeBytes, 64);
    device.done();
  });

  it('that does not know the question, either: none of its answers is taken for the next one', async () => {
    const [question, ...others] = infoSteps();
    const device = new ScriptedDevice({ out: '010000…' }, { ...question, in: ['ff', 'ff'] }, ...others);

    const { probe } = await openProbe(device, { interfaces: [hidInterface()] });

    assert.equal(probe.details.packetCount, 4);
    device.done();
  });

  it('gets reports of 512 bytes if it is known to need them', async () => {
    const device = new ScriptedDevice(...infoSteps({ packetSize: '02 0002' }));

    const { probe } = await openProbe(device, {
      vendorId: 0x03eb,
      productId: 0x2141,
      interfaces: [hidInterface()],
    });

    assert.equal(probe.details.packetSizeBytes, 512);
    assert.deepEqual(new Set(device.sent.map((hex) => hex.length / 2)), new Set([512]));
  });

  it('that never answers fails the open, and is closed', async () => {
    const device = new ScriptedDevice(...Array<Step>(16).fill({ out: '010000' }));

    await assert.rejects(openProbe(device), ProbeError);
    assert.equal(device.closed, 1);
  });
});

describe('pitfall 2: a probe that does not say how long its packets are', () => {
  it('gets packets of one USB packet, one at a time', async () => {
    const device = new ScriptedDevice(...infoSteps({ packetSize: '00', packetCount: '00' }));

    const { probe } = await openProbe(device);

    assert.equal(probe.details.packetSizeBytes, 64);
    assert.equal(probe.details.packetCount, 1);
  });
});

describe('pitfall 3: a command as long as a USB packet, shorter than a DAP packet', () => {
  it('is ended by a zero-length packet', async () => {
    // DAP_Transfer: 3 bytes, 1 + 4 for the write of SELECT, 1 for each of 56 reads: 64.
    const words = '00000000'.repeat(56);
    const device = new ScriptedDevice(
      ...infoSteps({ packetSize: '02 0002' }),
      { out: `05 00 39 08 00000000 ${'0f'.repeat(56)}`, in: [`05 39 01 ${words}`] },
      { out: '' },
    );
    const { probe } = await openProbe(device);

    const read = await probe.dap.readAp(DRW, 56, NEVER);

    assert.equal(read.length, 56);
    assert.equal(device.sent.at(-1), '');
    device.done();
  });

  it('needs none if it fills the DAP packet', async () => {
    // DAP_SWD_Sequence: 2 bytes, then 1 + 8 for each output of 64 clocks, 1 + 7 for 56: 2 + 6 * 9 + 8 = 64.
    const device = new ScriptedDevice(...infoSteps(), { out: '1d07…', in: ['1d00'] });
    const { probe } = await openProbe(device);
    const output = (lengthBits: number) => ({ direction: 'output', sequence: bitString(lengthBits, 0) }) as const;

    await probe.swd?.sequence([...Array.from({ length: 6 }, () => output(64)), output(56)], NEVER);

    assert.equal(device.sent.at(-1)?.length, 2 * 64);
    device.done();
  });
});

describe('pitfall 4: an answer longer than a USB packet', () => {
  it('is asked for with the DAP packet size', async () => {
    const words = 'dddddddd'.repeat(100);
    const device = new ScriptedDevice(
      ...infoSteps({ packetSize: '02 0002' }),
      { out: '05 00 65…', in: [`05 65 01 ${words}`] }, // SELECT and 100 reads
    );
    const { probe } = await openProbe(device);

    const read = await probe.dap.readAp(DRW, 100, NEVER);

    assert.deepEqual([...read], Array<number>(100).fill(0xdddddddd));
    assert.equal(device.lengths.at(-1), 512);
  });
});

describe('pitfall 5: a probe that loses an answer while several packets are on their way', () => {
  it('fails the read, and gets one packet at a time from then on, which the log says', async () => {
    const warnings: [string, LogFields | undefined][] = [];
    const log: Logger = {
      ...silentLogger,
      child: () => log,
      warn: (message, fields) => warnings.push([message, fields]),
    };
    const block: Step = { out: '06 00 0f00 0f', in: [`06 0f00 01 ${'11111111'.repeat(15)}`] };
    const first: Step = { out: '05 00 02 08 00000000 0f', in: ['05 02 01 22222222'] };
    const device = new ScriptedDevice(...infoSteps(), first, block, { out: '06 00 0f00 0f', in: ['05 01 01'] }, block);
    const { probe } = await openProbe(device, {}, {}, log);
    await probe.dap.readAp(DRW, 1, NEVER);

    await assert.rejects(probe.dap.readAp(DRW, 45, NEVER), /answered 0x5 to DAP_TransferBlock/);
    assert.deepEqual(warnings, [['the probe gets one packet at a time from now on', { before: 4 }]]);
    const select: Step = { out: `05 00 10 08 00000000 ${'0f'.repeat(15)}`, in: [`05 10 01 ${'33333333'.repeat(15)}`] };
    device.expect(inStep, select, block, block);
    assert.ok(device.timeouts.some((ms) => ms >= 4000));
    const before = device.timeouts.length;
    const words = await probe.dap.readAp(DRW, 45, NEVER);

    assert.equal(words[0], 0x33333333);
    assert.equal(words[44], 0x11111111);
    // A packet that waits behind another is given twice the time: none does any more.
    assert.ok(device.timeouts.slice(before).every((ms) => ms < 4000));
    device.done();
  });
});

describe('a probe that was asked twice whether it is in step', () => {
  const block: Step = { out: '06 00 0f00 0f', in: [`06 0f00 01 ${'11111111'.repeat(15)}`] };
  const select: Step = { out: `05 00 10 08 00000000 ${'0f'.repeat(15)}`, in: [`05 10 01 ${'33333333'.repeat(15)}`] };

  for (const [how, answer] of [
    ['with its answer', '0100'],
    ['that it does not know the question', 'ff'],
  ] as const) {
    it(`may answer twice, ${how}, and neither is taken for the answer to the packet behind it`, async () => {
      const twice: Step = { out: '010000…', in: [answer, answer] };
      const device = new ScriptedDevice(
        ...infoSteps(),
        { out: '05 00 02 08 00000000 0f' },
        twice,
        select,
        block,
        block,
      );
      const { probe } = await openProbe(device);
      await assert.rejects(probe.dap.readAp(DRW, 1, NEVER), /does not answer/);

      const words = await probe.dap.readAp(DRW, 45, NEVER);

      assert.equal(words[44], 0x11111111);
      device.done();
    });
  }

  it('may do so late, when several packets are on their way', async () => {
    const late: Step = { ...select, in: ['0100', ...(select.in ?? [])] };
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 02 08 00000000 0f' }, inStep, late, block, block);
    const { probe } = await openProbe(device);
    await assert.rejects(probe.dap.readAp(DRW, 1, NEVER), /does not answer/);

    const words = await probe.dap.readAp(DRW, 45, NEVER);

    assert.deepEqual([words[0], words[44]], [0x33333333, 0x11111111]);
    device.done();
  });
});

describe('a probe that does not take a packet while others are on their way', () => {
  it('fails the read, is opened anew, and gets one packet at a time from then on', async () => {
    const block: Step = { out: '06 00 0f00 0f', in: [`06 0f00 01 ${'11111111'.repeat(15)}`] };
    const first: Step = { out: '05 00 02 08 00000000 0f', in: ['05 02 01 22222222'] };
    const refused: Step = { out: '06 00 0f00 0f', outFails: 'timeout' };
    const select: Step = { out: `05 00 10 08 00000000 ${'0f'.repeat(15)}`, in: [`05 10 01 ${'33333333'.repeat(15)}`] };
    const device = new ScriptedDevice(...infoSteps(), first, block, refused, inStep, select, block, block);
    const { probe } = await openProbe(device);
    await probe.dap.readAp(DRW, 1, NEVER);

    await assert.rejects(probe.dap.readAp(DRW, 45, NEVER), /does not answer/);
    const words = await probe.dap.readAp(DRW, 45, NEVER);

    assert.deepEqual([words[0], words[44]], [0x33333333, 0x11111111]);
    assert.deepEqual(device.opened, [0, 0]);
    device.done();
  });
});

describe('pitfall 6: the first byte of an answer', () => {
  it('0xFF says that the probe does not know the command, and nothing is out of step', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '1d01 85', in: ['ff'] }, readDpidr);
    const { probe } = await openProbe(device);

    await assert.rejects(
      async () => probe.swd?.sequence([{ direction: 'input', lengthBits: 5 }], NEVER),
      UnsupportedError,
    );
    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x0bb12477);
    device.done();
  });

  it('of another command is an error, and the driver gets back in step before it goes on', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 01 02', in: ['00 02 4000'] }, inStep, readDpidr);
    const { probe } = await openProbe(device);

    await assert.rejects(probe.dap.readDp(DP.DPIDR, NEVER), /answered 0x0 to DAP_Transfer/);
    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x0bb12477);
    assert.deepEqual(device.opened, [0]); // draining was enough
    device.done();
  });
});

describe('pitfall 7: a probe that executes fewer transfers than it was asked for, and says OK', () => {
  it('fails the access, and SELECT is written again before the next one', async () => {
    const device = new ScriptedDevice(
      ...infoSteps(),
      { out: '05 00 02 08 00000000 0f', in: ['05 01 01'] },
      { out: '05 00 02 08 00000000 0f', in: ['05 02 01 78563412'] },
    );
    const { probe } = await openProbe(device);

    await assert.rejects(probe.dap.readAp(DRW, 1, NEVER), /1 of 2 transfers/);
    assert.deepEqual([...(await probe.dap.readAp(DRW, 1, NEVER))], [0x12345678]);
    device.done();
  });
});

describe('pitfall 8: an error with more packets on their way', () => {
  const words = '11111111'.repeat(15);
  const select: Step = { out: '05 00 02 08 00000000 0f', in: [`05 02 01 22222222`] };

  it('of reads: their answers are received and dropped, and the first error is thrown', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ packetCount: '01 03' }),
      select,
      { out: '06 00 0f00 0f' }, // answered when the pipeline is full
      { out: '06 00 0f00 0f' },
      { out: '06 00 0f00 0f', in: ['06 0300 04 111111111111111111111111', '06 0000 04', '06 0000 02'] },
    );
    const { probe } = await openProbe(device);
    await probe.dap.readAp(DRW, 1, NEVER);

    await assert.rejects(probe.dap.readAp(DRW, 60, NEVER), TransferFaultError);
    device.expect(readDpidr);

    assert.equal(await probe.dap.readDp(DP.DPIDR, NEVER), 0x0bb12477);
    device.done(); // the fourth block was never sent, and no resynchronisation was needed
  });

  it('of reads: as many packets are in the probe as it can hold, and no more', async () => {
    const device = new ScriptedDevice(
      ...infoSteps({ packetCount: '01 02' }),
      select,
      { out: '06 00 0f00 0f' },
      { out: '06 00 0f00 0f', in: [`06 0f00 01 ${words}`] },
      { out: '06 00 0f00 0f', in: [`06 0f00 01 ${words}`, `06 0f00 01 ${words}`] },
    );
    const { probe } = await openProbe(device);
    await probe.dap.readAp(DRW, 1, NEVER);

    const read = await probe.dap.readAp(DRW, 45, NEVER);

    assert.deepEqual([...read], Array<number>(45).fill(0x11111111));
    device.done();
  });

  it('of writes: there are none, each packet waits for the one before', async () => {
    const written = Uint32Array.from({ length: 40 }, (_, i) => i);
    const device = new ScriptedDevice(
      ...infoSteps(),
      { out: '05 00 0c 08 00000000 0d 00000000 0d 01000000…', in: ['05 0c 01'] }, // SELECT and 11 words
      { out: '06 00 0e00 0d 0b000000…', in: ['06 0300 02'] },
    );
    const { probe } = await openProbe(device);

    await assert.rejects(probe.dap.writeAp(DRW, written, NEVER), TransferTimeoutError);
    device.done();
  });
});

describe('pitfall 9: a slow clock and a full packet', () => {
  it('gives the probe more time', async () => {
    const block: Step = { out: '05 00 10 08…', in: [`05 10 01 ${'00000000'.repeat(15)}`] };
    const device = new ScriptedDevice(...infoSteps(), block);
    const { probe } = await openProbe(device);
    await probe.setClock(1000, NEVER);

    await probe.dap.readAp(DRW, 15, NEVER);

    // 16 transfers of 46 clocks at 1 kHz are 0.7 s, one that is retried 150 times adds 7 s.
    assert.ok((device.timeouts.at(-1) ?? 0) > 7700);
  });

  it('gives it more time even for one transfer, which may be repeated after WAIT', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 01 02', in: ['05 01 01 7714c10b'] });
    const { probe } = await openProbe(device);
    await probe.setClock(1000, NEVER);

    await probe.dap.readDp(DP.DPIDR, NEVER);

    assert.ok((device.timeouts.at(-1) ?? 0) > 7000);
  });

  it('reports the WAIT that remains after the retries, and leaves ABORT to the client', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '05 00 02 08 00000000 0f', in: ['05 01 02'] });
    const { probe } = await openProbe(device);

    await assert.rejects(probe.dap.readAp(DRW, 1, NEVER), TransferTimeoutError);
    device.done();
  });

  it('writes DAPABORT without a transfer, which would wait behind what it is to abort', async () => {
    const device = new ScriptedDevice(...infoSteps(), { out: '08 00 01000000', in: ['0800'] });
    const { probe } = await openProbe(device);

    await probe.dap.writeDp(DP.ABORT, 1, NEVER);

    device.done();
  });
});

describe('pitfall 10: a probe that loses its clock', () => {
  it('is sent it after DAP_Connect, as it was set before', async () => {
    const [connect, , ...rest] = connectSwdSteps;
    const device = new ScriptedDevice(...infoSteps(), connect, { out: '11 0024f400', in: ['1100'] }, ...rest);
    const { probe } = await openProbe(device);

    await probe.setClock(16_000_000, NEVER);
    await probe.connect('DEFAULT', NEVER);

    device.done();
  });

  it('is sent it after a SWJ sequence, if it is an EDBG', async () => {
    const device = new ScriptedDevice(...infoSteps(), ...connectSwdSteps);
    const { probe } = await openProbe(device, { vendorId: 0x03eb, productId: 0x2111 });
    await probe.connect('SWD', NEVER);
    device.expect({ out: '12 10 9ee7', in: ['1200'] }, { out: '11 40420f00', in: ['1100'] });

    await probe.swjSequence?.(bitString(16, 0xe79e), NEVER);

    device.done();
  });
});

describe('pitfall 11: a probe that needs to be reconnected before it switches protocols', () => {
  const sequence: Step = { out: '12 08 ff', in: ['1200'] };
  const ulink = { product: 'Keil ULINK-ME CMSIS-DAP' };

  async function connected(): Promise<{
    device: ScriptedDevice;
    probe: Awaited<ReturnType<typeof openProbe>>['probe'];
  }> {
    const device = new ScriptedDevice(...infoSteps(), ...connectSwdSteps, readDpidr);
    const { probe } = await openProbe(device, ulink);
    await probe.connect('SWD', NEVER);
    await probe.dap.readDp(DP.DPIDR, NEVER);
    return { device, probe };
  }

  it('is disconnected and connected before the first sequence of several', async () => {
    const { device, probe } = await connected();
    device.expect(
      { out: '03', in: ['0300'] },
      { out: '0201', in: ['0201'] },
      { out: '11 40420f00', in: ['1100'] },
      sequence,
      sequence,
    );

    await probe.swjSequence?.(bitString(8, 0xff), NEVER);
    await probe.swjSequence?.(bitString(8, 0xff), NEVER);

    device.done();
  });

  it('is so again after an access to an AP', async () => {
    const { device, probe } = await connected();
    const reconnected: Step[] = [
      { out: '03', in: ['0300'] },
      { out: '0201', in: ['0201'] },
      { out: '11 40420f00', in: ['1100'] },
      sequence,
    ];
    // DAP_Transfer: SELECT = 0, then DRW.
    device.expect(...reconnected, { out: '05 00 02 08 00000000 0f', in: ['05 02 01 00000000'] }, ...reconnected);

    await probe.swjSequence?.(bitString(8, 0xff), NEVER);
    await probe.dap.readAp(DRW, 1, NEVER);
    await probe.swjSequence?.(bitString(8, 0xff), NEVER);

    device.done();
  });

  it('is not while reset is held', async () => {
    const { device, probe } = await connected();
    device.expect({ out: '10 00 80 00000000', in: ['1000'] }, sequence);

    await probe.setReset(true, NEVER);
    await probe.swjSequence?.(bitString(8, 0xff), NEVER);

    device.done();
  });
});

describe('pitfall 12: TARGETSEL, which nobody acknowledges', () => {
  // SWD_Sequence: 8 bits 0x99, 5 clocks of input, 33 bits of TARGETSEL 0x01002927 with parity 0, 2 idle clocks.
  const targetSel: Step = { out: '1d 04 08 99 85 21 27290001 00 02 00', in: ['1d00 1f'] };

  it('goes out as an SWD sequence, as clients send it', async () => {
    const device = new ScriptedDevice(...infoSteps(), targetSel);
    const { probe } = await openProbe(device);

    const captured = await probe.swd?.sequence(
      [
        { direction: 'output', sequence: bitString(8, 0x99) },
        { direction: 'input', lengthBits: 5 },
        { direction: 'output', sequence: bitString(33, 0x01002927) },
        { direction: 'output', sequence: bitString(2, 0) },
      ],
      NEVER,
    );

    assert.deepEqual(captured, [bitString(5, 0x1f)]);
    device.done();
  });

  it('goes out so when it is written as a DP register, too', async () => {
    const device = new ScriptedDevice(...infoSteps(), targetSel);
    const { probe } = await openProbe(device);

    await probe.dap.writeDp(DP.TARGETSEL, 0x01002927, NEVER);

    device.done();
  });

  it('has even parity in its last bit', async () => {
    const device = new ScriptedDevice(...infoSteps(), {
      out: '1d 04 08 99 85 21 27290011 01 02 00', // one more bit set: parity 1
      in: ['1d00 1f'],
    });
    const { probe } = await openProbe(device);

    await probe.dap.writeDp(DP.TARGETSEL, 0x11002927, NEVER);

    device.done();
  });
});

describe('pitfall 13: version strings that lie', () => {
  it('are read as CMSIS-DAP versions only where they are', () => {
    assert.deepEqual(parseProtocolVersion('1.10'), { major: 1, minor: 1 });
    assert.deepEqual(parseProtocolVersion('1.2.0'), { major: 1, minor: 2 });
    assert.deepEqual(parseProtocolVersion('2.1.2'), { major: 2, minor: 1 });
    for (const text of ['0254', '0255', 'V1.3', '7.0.1', '', undefined]) {
      assert.equal(parseProtocolVersion(text), undefined);
    }
  });

  it('do not decide: a probe with the version of its firmware is asked for SWD sequences', async () => {
    const yes = new ScriptedDevice(...infoSteps({ version: '0254' }), { out: '1d00', in: ['1d00'] });
    const no = new ScriptedDevice(...infoSteps({ version: '0254' }), { out: '1d00', in: ['ff'] });

    assert.notEqual((await openProbe(yes)).probe.swd, undefined);
    assert.equal((await openProbe(no)).probe.swd, undefined);
  });

  it('"1.10" is before SWD sequences, "1.2.0" has them', async () => {
    const old = new ScriptedDevice(...infoSteps({ version: '1.10' }));
    const newer = new ScriptedDevice(...infoSteps({ version: '1.2.0' }));

    assert.equal((await openProbe(old)).probe.swd, undefined);
    assert.notEqual((await openProbe(newer)).probe.swd, undefined);
  });

  it('capability bits decide on the wire protocols', async () => {
    const both = new ScriptedDevice(...infoSteps({ capabilities: '02 0300' }));
    const none = new ScriptedDevice(...infoSteps({ capabilities: '00' }));

    assert.deepEqual((await openProbe(both)).probe.wireProtocols, ['SWD', 'JTAG']);
    assert.deepEqual((await openProbe(none)).probe.wireProtocols, ['SWD']);
  });
});

describe('pitfall 14: SWO that is announced', () => {
  const steps = (swoBuffer: string): Step[] => infoSteps({ capabilities: '01 05', swoBuffer });

  it('is not there without a sane buffer', async () => {
    for (const buffer of ['00', '04 00000000', '04 ffffffff']) {
      const { probe } = await openProbe(new ScriptedDevice(...steps(buffer)));
      assert.equal(probe.swo, undefined, buffer);
    }
  });

  it('is switched off before it is configured', async () => {
    const device = new ScriptedDevice(
      ...steps('04 00100000'),
      { out: '1800', in: ['1800'] },
      { out: '1700', in: ['1700'] },
      { out: '1701', in: ['1700'] },
      { out: '1801', in: ['1800'] },
      { out: '19 80841e00', in: ['19 80841e00'] },
      { out: '1a01', in: ['1a00'] },
    );
    const { probe } = await openProbe(device);

    await probe.swo?.start(2_000_000, NEVER);

    device.done();
  });

  it('refuses a rate the probe answers with 0, and is left switched off', async () => {
    const device = new ScriptedDevice(
      ...steps('04 00100000'),
      { out: '1800', in: ['1800'] },
      { out: '1700', in: ['1700'] },
      { out: '1701', in: ['1700'] },
      { out: '1801', in: ['1800'] },
      { out: '19…', in: ['19 00000000'] },
      { out: '1800', in: ['1800'] },
      { out: '1700', in: ['1700'] },
    );
    const { probe } = await openProbe(device);

    await assert.rejects(async () => probe.swo?.start(99_000_000, NEVER), /cannot capture SWO at 99000000 baud/);
    device.done();
  });
});

describe('pitfall 16: a device with a v1 and a v2 interface', () => {
  const interfaces = [hidInterface({ number: 0 }), bulkInterface({ number: 3 })];

  it('is used through v2', async () => {
    const device = new ScriptedDevice(...infoSteps());

    const { probe } = await openProbe(device, { interfaces });

    assert.deepEqual(device.opened, [3]);
    assert.match(String(probe.details.interface), /v2/);
  });

  it('is used through v1 where v2 cannot be opened', async () => {
    const device = new ScriptedDevice(...infoSteps());
    device.opens.push('io');

    const { probe } = await openProbe(device, { interfaces });

    assert.deepEqual(device.opened, [3, 0]);
    assert.match(String(probe.details.interface), /v1/);
    assert.equal(device.sent[0].length, 2 * 64); // a whole report
  });
});
