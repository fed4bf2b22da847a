import assert from 'node:assert/strict';
import { ProbeRig, T, word } from '../probe-rig.js';

// Requests and answers: CMSIS-DAP 2.1.2, the page of each command.
describe('the general commands of the simulated firmware', () => {
  it('answer DAP_Info with packet size, packet count and capabilities', async () => {
    await using rig = await ProbeRig.open({ packetSizeBytes: 512, packetCount: 8 });

    assert.deepEqual(await rig.exchange(0x00, 0xff), [0x00, 2, 0x00, 0x02]);
    assert.deepEqual(await rig.exchange(0x00, 0xfe), [0x00, 1, 8]);
    assert.deepEqual(await rig.exchange(0x00, 0xf0), [0x00, 2, 0x5f, 0]); // SWD, JTAG, SWO x 2, atomic, SWO stream
    assert.deepEqual(await rig.exchange(0x00, 0xfd), [0x00, 4, 0x00, 0x10, 0, 0]);
  });

  it('answer DAP_Info strings with their terminating zero, and length 0 for what is absent', async () => {
    await using rig = await ProbeRig.open({ uid: 'A1' });

    assert.deepEqual(await rig.exchange(0x00, 0x03), [0x00, 3, 0x41, 0x31, 0]);
    assert.deepEqual(await rig.exchange(0x00, 0x05), [0x00, 0]);
    assert.deepEqual(await rig.exchange(0x00, 0x60), [0x00, 0]);
  });

  it('answer what the options put into DAP_Info', async () => {
    await using rig = await ProbeRig.open({ info: { 0x04: '0254', 0xf0: Uint8Array.of(0x13), 0xff: null } });

    assert.deepEqual(await rig.exchange(0x00, 0x04), [0x00, 5, 0x30, 0x32, 0x35, 0x34, 0]);
    assert.deepEqual(await rig.exchange(0x00, 0xf0), [0x00, 1, 0x13]);
    assert.deepEqual(await rig.exchange(0x00, 0xff), [0x00, 0]);
    assert.deepEqual(await rig.exchange(0x1b), [0xff]); // without the SWO bits there are no SWO commands
  });

  it('answer HostStatus, Connect, Disconnect, ResetTarget and what is not implemented', async () => {
    await using rig = await ProbeRig.open();

    assert.deepEqual(await rig.exchange(0x01, 0, 1), [0x01, 0]);
    assert.deepEqual(await rig.exchange(0x01, 2, 1), [0x01, 0xff]);
    assert.deepEqual(await rig.exchange(0x02, 0), [0x02, 1]); // default: SWD
    assert.deepEqual(await rig.exchange(0x02, 2), [0x02, 2]);
    assert.deepEqual(await rig.exchange(0x02, 3), [0x02, 0]);
    assert.deepEqual(await rig.exchange(0x0a), [0x0a, 0, 1]);
    assert.deepEqual(await rig.exchange(0x03), [0x03, 0]);
    assert.deepEqual(await rig.exchange(0x80), [0xff]);
  });

  it('let a delay take its time, and the commands behind it wait', async () => {
    await using rig = await ProbeRig.open();

    const delay = rig.exchange(0x09, 0x88, 0x13); // 5000 us
    const next = rig.exchange(0x03);
    await rig.clock.advance(4);
    assert.equal(rig.bus.inFlight(rig.probe, 0x82), 2);
    await rig.clock.advance(1);

    assert.deepEqual(await delay, [0x09, 0]);
    assert.deepEqual(await next, [0x03, 0]);
  });

  it('refuse a clock of 0 and remember any other', async () => {
    await using rig = await ProbeRig.open();

    assert.deepEqual(await rig.exchange(0x11, ...word(0)), [0x11, 0xff]);
    assert.deepEqual(await rig.exchange(0x11, ...word(4_000_000)), [0x11, 0]);
    assert.equal(rig.probe.clockHz, 4_000_000);
  });
});

describe('DAP_SWJ_Pins', () => {
  it('drives nRESET and reads it back', async () => {
    await using rig = await ProbeRig.open();

    const [, asserted] = await rig.exchange(0x10, 0x00, 0x80, ...word(0));
    const [, released] = await rig.exchange(0x10, 0x80, 0x80, ...word(0));

    assert.equal(asserted & 0x80, 0);
    assert.equal(released & 0x80, 0x80);
  });

  it('waits as long as asked, at most 3 s, for a pin that somebody else holds', async () => {
    await using rig = await ProbeRig.open();
    rig.probe.board.pressReset(true);

    await rig.write(0x10, 0x80, 0x80, ...word(10_000_000));
    await rig.clock.advance(2999);
    const answer = rig.usb.transferIn(0x82, 512, { timeoutMs: 5000 });
    assert.equal(rig.bus.inFlight(rig.probe, 0x82), 1);
    await rig.clock.advance(1);

    assert.equal((await answer)[1] & 0x80, 0);
  });
});

describe('several commands in one packet', () => {
  it('are executed by ExecuteCommands with their answers one behind the other', async () => {
    await using rig = await ProbeRig.open();

    const answer = await rig.exchange(0x7f, 3, 0x02, 1, 0x11, ...word(1_000_000), 0x13, 0);

    assert.deepEqual(answer, [0x7f, 3, 0x02, 1, 0x11, 0, 0x13, 0]);
  });

  it('wait in QueueCommands for a packet that is none, and answer as 0x7F', async () => {
    await using rig = await ProbeRig.open();

    await rig.write(0x7e, 1, 0x02, 1);
    await rig.write(0x7e, 1, 0x13, 0);
    assert.equal(rig.bus.stats(rig.probe, 0x82).transfers, 0);
    await rig.write(0x00, 0xfe);

    assert.deepEqual(await rig.read(), [0x7f, 1, 0x02, 1]);
    assert.deepEqual(await rig.read(), [0x7f, 1, 0x13, 0]);
    assert.deepEqual(await rig.read(), [0x00, 1, 4]);
  });
});

describe('DAP_Transfer over SWD', () => {
  it('has the data of posted AP reads in order', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();

    const answer = await rig.transfer(
      [T.WRITE_SELECT, 0],
      [T.WRITE_TAR, 0x08000000],
      T.READ_DRW,
      T.READ_DRW,
      T.READ_CTRL_STAT,
    );

    assert.deepEqual(answer, { count: 5, response: 1, data: [0x20001000, 0x08000041, 0xf0000f00] });
  });

  it('counts what was executed and stops at a FAULT', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();

    const answer = await rig.transfer([T.WRITE_TAR, 0x90000000], T.READ_DRW, T.READ_CSW, T.READ_CSW);
    const status = await rig.transfer(T.READ_CTRL_STAT);
    const after = await rig.transfer([T.WRITE_ABORT, 0x1e], T.READ_CTRL_STAT);

    assert.deepEqual(answer, { count: 2, response: 4, data: [] }); // the second AP read finds STICKYERR
    assert.deepEqual(status.data, [0xf0000f20]);
    assert.deepEqual(after.data, [0xf0000f00]);
  });

  it('reports a failed write with the check of RDBUFF behind it', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();

    const answer = await rig.transfer([T.WRITE_TAR, 0x90000000], [T.WRITE_DRW, 1]);

    assert.deepEqual(answer, { count: 2, response: 4, data: [] });
  });

  it('repeats on WAIT as often as configured, and reports a WAIT that is left', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();
    await rig.exchange(0x04, 0, 3, 0, 0, 0); // idle 0, WAIT retry 3, match retry 0
    rig.probe.board.faults.inject({ kind: 'wait', times: 3 });
    const passed = await rig.transfer(T.READ_DPIDR);
    rig.probe.board.faults.inject({ kind: 'wait', times: 4 });
    const failed = await rig.transfer(T.READ_DPIDR);

    assert.deepEqual(passed, { count: 1, response: 1, data: [0x0bc11477] });
    assert.deepEqual(failed, { count: 0, response: 2, data: [] });
  });

  it('reports a parity error of the target as a protocol error', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();
    rig.probe.board.faults.inject({ kind: 'parity', on: { port: 'DP', direction: 'read' } });

    assert.deepEqual(await rig.transfer(T.READ_DPIDR), { count: 0, response: 8, data: [] });
  });

  it('matches a value under the mask, and reports a mismatch', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();

    const match = await rig.transfer([0x20, 0x0000ffff], [T.READ_DPIDR | 0x10, 0x1477]);
    const mismatch = await rig.transfer([T.READ_DPIDR | 0x10, 0x1478], T.READ_DPIDR);

    assert.deepEqual(match, { count: 2, response: 1, data: [] });
    assert.deepEqual(mismatch, { count: 0, response: 0x11, data: [] });
  });

  it('fetches the data of a posted read before it matches behind it', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();
    await rig.transfer([T.WRITE_CSW, 0x23000002], [T.WRITE_TAR, 0x20000000], [T.WRITE_DRW, 0x55]);

    const { response, data } = await rig.transfer(
      [0x20, 0xffffffff],
      T.READ_DRW,
      [T.READ_DRW | 0x10, 0x55],
      T.READ_DRW,
    );

    assert.deepEqual([response, ...data], [1, 0x55, 0x55]);
  });

  it('leaves STICKYORUN behind a FAULT where overruns are detected', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();
    await rig.exchange(0x13, 0x04); // a data phase after every ACK
    await rig.transfer([T.WRITE_CTRL_STAT, 0x50000f01]);

    await rig.transfer([T.WRITE_TAR, 0x90000000], T.READ_DRW);

    assert.deepEqual((await rig.transfer(T.READ_CTRL_STAT)).data, [0xf0000f23]); // with STICKYERR
  });

  it('answers count 0 and no ACK while nothing is connected', async () => {
    await using rig = await ProbeRig.open();

    assert.deepEqual(await rig.exchange(0x05, 0, 1, 0x02), [0x05, 0, 0]);
    assert.deepEqual(await rig.exchange(0x06, 0, 1, 0, 0x02), [0x06, 0, 0, 0]);
  });

  it('adds timestamps where the probe has them', async () => {
    await using rig = await ProbeRig.open({ quirks: { timestampClockHz: 1_000_000 } });
    await rig.connectSwd();

    assert.equal((await rig.transfer(T.READ_DPIDR | 0x80)).data.length, 2);
  });
});

describe('DAP_TransferBlock over SWD', () => {
  it('writes and reads a block through DRW', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();

    await rig.transfer([T.WRITE_TAR, 0x20000000]);
    const written = await rig.exchange(0x06, 0, 3, 0, T.WRITE_DRW, ...word(1), ...word(2), ...word(3));
    await rig.transfer([T.WRITE_TAR, 0x20000000]);
    const read = await rig.exchange(0x06, 0, 3, 0, T.READ_DRW);

    assert.deepEqual(written, [0x06, 3, 0, 1]);
    assert.deepEqual(read, [0x06, 3, 0, 1, ...word(1), ...word(2), ...word(3)]);
  });

  it('clears sticky errors with WriteABORT', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();
    await rig.transfer([T.WRITE_TAR, 0x90000000], T.READ_DRW);

    assert.deepEqual(await rig.exchange(0x08, 0, ...word(0x1e)), [0x08, 0]);
    assert.equal((await rig.transfer(T.READ_CSW)).response, 1);
  });
});

describe('SWO', () => {
  const start = [
    [0x17, 1],
    [0x18, 1],
    [0x19, ...word(1_000_000)],
    [0x1a, 1],
  ];

  it('captures what the target sends, and hands it out with DAP_SWO_Data', async () => {
    await using rig = await ProbeRig.open();
    for (const command of start) await rig.exchange(...command);

    rig.probe.injectSwo(Uint8Array.of(1, 0x41));

    assert.deepEqual(await rig.exchange(0x1b), [0x1b, 1, 2, 0, 0, 0]);
    assert.deepEqual(await rig.exchange(0x1e, 3), [0x1e, 1, 2, 0, 0, 0]);
    assert.deepEqual(await rig.exchange(0x1c, 100, 0), [0x1c, 1, 2, 0, 1, 0x41]);
    assert.deepEqual(await rig.exchange(0x1c, 100, 0), [0x1c, 1, 0, 0]);
  });

  it('refuses another transport while it captures, and a baud rate out of reach', async () => {
    await using rig = await ProbeRig.open();
    for (const command of start) await rig.exchange(...command);

    assert.deepEqual(await rig.exchange(0x17, 2), [0x17, 0xff]);
    assert.deepEqual(await rig.exchange(0x19, ...word(100_000_000)), [0x19, 0, 0, 0, 0]);
  });

  it('reports an overrun once', async () => {
    await using rig = await ProbeRig.open();
    for (const command of start) await rig.exchange(...command);

    rig.probe.injectSwo(new Uint8Array(4097));

    assert.deepEqual(await rig.exchange(0x1b), [0x1b, 0x81, 0, 0x10, 0, 0]);
    assert.deepEqual(await rig.exchange(0x1b), [0x1b, 0x01, 0, 0x10, 0, 0]);
  });

  it('streams through its own endpoint', async () => {
    await using rig = await ProbeRig.open();
    for (const command of [[0x17, 2], ...start.slice(1)]) await rig.exchange(...command);

    rig.probe.injectSwo(Uint8Array.of(1, 0x42));

    assert.deepEqual([...(await rig.usb.transferIn(0x83, 512, { timeoutMs: 10 }))], [1, 0x42]);
  });
});
