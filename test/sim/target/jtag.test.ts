import assert from 'node:assert/strict';
import { ProbeRig, T, word } from '../probe-rig.js';

async function connectJtag(rig: ProbeRig): Promise<void> {
  assert.deepEqual(await rig.exchange(0x02, 2), [0x02, 2]);
  await rig.swj(6, 0x1f); // five clocks with TMS high, one low: Run-Test/Idle (IEEE 1149.1)
  assert.deepEqual(await rig.exchange(0x15, 1, 4), [0x15, 0]); // one device with an IR of 4 bits
}

describe('the JTAG wire', () => {
  it('reads the IDCODE by command', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);

    assert.deepEqual(await rig.exchange(0x16, 0), [0x16, 0, ...word(0x0ba00477)]);
    assert.deepEqual(await rig.exchange(0x16, 1), [0x16, 0xff]);
  });

  it('reads the IDCODE by sequence: it is what is selected after a reset of the TAP', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);

    // TMS 1, 0, 0: Shift-DR; then 32 clocks with TDO captured (CMSIS-DAP, DAP_JTAG_Sequence).
    const answer = await rig.exchange(0x14, 3, 0x41, 0, 0x02, 0, 0xa0, 0, 0, 0, 0);

    assert.deepEqual(answer, [0x14, 0, ...word(0x0ba00477)]);
  });

  it('reads and writes registers and memory', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);

    const id = await rig.transfer(T.READ_DPIDR);
    await rig.transfer([T.WRITE_CTRL_STAT, 0x50000f00]);
    const memory = await rig.transfer(
      [T.WRITE_SELECT, 0],
      [T.WRITE_TAR, 0x20000000],
      [T.WRITE_DRW, 0x12345678],
      [T.WRITE_TAR, 0x20000000],
      T.READ_DRW,
      T.READ_TAR,
      T.READ_CTRL_STAT,
    );

    assert.deepEqual(id, { count: 1, response: 1, data: [0x0bc11477] });
    assert.deepEqual(memory, { count: 7, response: 1, data: [0x12345678, 0x20000004, 0xf0000f00] });
  });

  it('moves blocks', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);
    await rig.transfer([T.WRITE_CTRL_STAT, 0x50000f00], [T.WRITE_SELECT, 0], [T.WRITE_TAR, 0x20000000]);

    const written = await rig.exchange(0x06, 0, 2, 0, T.WRITE_DRW, ...word(7), ...word(8));
    await rig.transfer([T.WRITE_TAR, 0x20000000]);
    const read = await rig.exchange(0x06, 0, 2, 0, T.READ_DRW);

    assert.deepEqual(written, [0x06, 2, 0, 1]);
    assert.deepEqual(read, [0x06, 2, 0, 1, ...word(7), ...word(8)]);
  });

  it('shows a fault in CTRL/STAT alone, where it is cleared by writing it', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);
    await rig.transfer([T.WRITE_CTRL_STAT, 0x50000f00], [T.WRITE_SELECT, 0], [T.WRITE_TAR, 0x90000000]);

    assert.equal((await rig.transfer(T.READ_DRW)).response, 1);
    assert.deepEqual((await rig.transfer(T.READ_CTRL_STAT)).data, [0xf0000f20]);
    await rig.transfer([T.WRITE_CTRL_STAT, 0x50000f20]);
    assert.deepEqual((await rig.transfer(T.READ_CTRL_STAT)).data, [0xf0000f00]);

    await rig.transfer(T.READ_DRW);
    assert.deepEqual(await rig.exchange(0x08, 0, ...word(0x1e)), [0x08, 0]);
    assert.deepEqual((await rig.transfer(T.READ_CTRL_STAT)).data, [0xf0000f00]);
  });

  it('answers WAIT in the scan behind an access that takes long', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);
    await rig.exchange(0x04, 0, 1, 0, 0, 0); // one repetition
    rig.probe.board.faults.inject({ kind: 'wait', times: 1 });
    const passed = await rig.transfer(T.READ_DPIDR);
    rig.probe.board.faults.inject({ kind: 'wait', times: 3 });
    const failed = await rig.transfer(T.READ_DPIDR);

    assert.deepEqual(passed.data, [0x0bc11477]);
    assert.equal(failed.response, 2);
  });

  it('makes an access that takes long as it would without the WAITs, also where something else goes wrong with it', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);
    await rig.exchange(0x04, 0, 10, 0, 0, 0); // ten repetitions
    await rig.transfer([T.WRITE_CTRL_STAT, 0x50000f00], [T.WRITE_SELECT, 0], [T.WRITE_TAR, 0x20000000]);
    const { faults } = rig.probe.board;
    faults.inject({ kind: 'wait', times: 3, on: { port: 'AP' } });
    faults.inject({ kind: 'fault', on: { port: 'AP' } });
    const refused = await rig.transfer([T.WRITE_TAR, 0x20000004]);
    const control = await rig.transfer(T.READ_CTRL_STAT, [T.WRITE_CTRL_STAT, 0x50000f20]);
    const tar = await rig.transfer(T.READ_TAR);
    faults.inject({ kind: 'wait', times: 3, on: { port: 'AP' } });
    faults.inject({ kind: 'no-ack', on: { port: 'AP' } });
    const lost = await rig.transfer([T.WRITE_TAR, 0x20000004]);

    assert.equal(refused.response, 1); // it shows in CTRL/STAT alone
    assert.deepEqual(control.data, [0xf0000f20]);
    assert.deepEqual(tar.data, [0x20000000]);
    assert.equal(lost.response, 7);
  });

  it('has what is under way aborted by DAPABORT, and by no other bit of ABORT', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);
    await rig.exchange(0x04, 0, 0, 0, 0, 0); // no repetition
    const abort = (value: number): Promise<number[]> => rig.exchange(0x08, 0, ...word(value));
    rig.probe.board.faults.inject({ kind: 'wait', times: 3 });

    assert.equal((await rig.transfer(T.READ_DPIDR)).response, 2);
    await abort(0x1e);
    assert.equal((await rig.transfer(T.READ_DPIDR)).response, 2);
    await abort(0x01);
    assert.equal((await rig.transfer(T.READ_DPIDR)).response, 1);
  });

  it('counts a WAIT with each scan that is told so, as SWD does, however many there are to come', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);
    await rig.exchange(0x04, 0, 9, 0, 0, 0); // nine repetitions
    rig.probe.board.faults.inject({ kind: 'wait', times: 1e9 });

    assert.equal((await rig.transfer(T.READ_DPIDR)).response, 2);
    rig.probe.board.faults.clear();

    assert.deepEqual((await rig.transfer(T.READ_DPIDR)).data, [0x0bc11477]);
  });

  it('refuses a device that is not configured', async () => {
    await using rig = await ProbeRig.open();
    await connectJtag(rig);

    assert.deepEqual(await rig.exchange(0x05, 1, 1, T.READ_DPIDR), [0x05, 0, 0]);
  });
});
