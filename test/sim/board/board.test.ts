import assert from 'node:assert/strict';
import { SimBoard } from '../../../src/sim/board/sim-board.js';
import { FakeClock, settle } from '../../support/fake-clock.js';
import { ProbeRig, T } from '../probe-rig.js';

const CSW_BYTE = 0x23000010;
const CSW_HALF = 0x23000011;
const CSW_WORD = 0x23000012;

class BoardRig {
  constructor(readonly rig: ProbeRig) {}

  async access(csw: number, address: number, ...transfers: (number | [number, number])[]): Promise<readonly number[]> {
    const { response, data } = await this.rig.transfer([T.WRITE_CSW, csw], [T.WRITE_TAR, address], ...transfers);
    assert.equal(response, 1, 'ACK');
    return data;
  }

  async read(address: number): Promise<number> {
    return (await this.access(CSW_WORD, address, T.READ_DRW))[0];
  }

  async write(address: number, value: number): Promise<void> {
    await this.access(CSW_WORD, address, [T.WRITE_DRW, value]);
  }

  /** The response to a write that may be refused; clears the fault. */
  async tryWrite(csw: number, address: number, value: number): Promise<number> {
    const { response } = await this.rig.transfer([T.WRITE_CSW, csw], [T.WRITE_TAR, address], [T.WRITE_DRW, value]);
    await this.rig.transfer([T.WRITE_ABORT, 0x1e]);
    return response;
  }
}

async function open(options: Parameters<typeof ProbeRig.open>[0] = {}): Promise<BoardRig & AsyncDisposable> {
  const rig = await ProbeRig.open(options);
  await rig.connectSwd();
  return Object.assign(new BoardRig(rig), { [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose]() });
}

// Values: the board's data sheet, docs of the simulator; IHI 0031 C2 for the MEM-AP.
describe('the MEM-AP', () => {
  it('identifies itself, and reads CSW as written within what is implemented', async () => {
    await using board = await open();
    await board.rig.transfer([T.WRITE_SELECT, 0xf0]);
    const ids = await board.rig.transfer(0x07, 0x0b, 0x0f); // CFG, BASE, IDR
    await board.rig.transfer([T.WRITE_SELECT, 0]);
    const csw = await board.rig.transfer(T.READ_CSW, [T.WRITE_CSW, 0xffffffff], T.READ_CSW);

    assert.deepEqual(ids.data, [0, 0xe00ff003, 0x04770031]);
    assert.deepEqual(csw.data, [0x23000052, 0x6f000042]);
  });

  it('finds absent APs to have an IDR of 0', async () => {
    await using board = await open();

    assert.deepEqual((await board.rig.transfer([T.WRITE_SELECT, 0x010000f0], 0x0f)).data, [0]);
  });

  it('moves bytes and halfwords in the lane of their address', async () => {
    await using board = await open();
    await board.write(0x20000000, 0x44332211);

    const bytes = await board.access(CSW_BYTE, 0x20000000, T.READ_DRW, T.READ_DRW, T.READ_DRW, T.READ_DRW);
    const halves = await board.access(CSW_HALF, 0x20000000, T.READ_DRW, T.READ_DRW);
    await board.access(CSW_BYTE, 0x20000001, [T.WRITE_DRW, 0xaabbccdd]);
    await board.access(CSW_HALF, 0x20000002, [T.WRITE_DRW, 0xeeff0000]);

    assert.deepEqual(bytes, [0x11, 0x2200, 0x330000, 0x44000000]);
    assert.deepEqual(halves, [0x2211, 0x44330000]);
    assert.equal(await board.read(0x20000000), 0xeeffcc11);
  });

  it('wraps the increment of TAR at 1 KB', async () => {
    await using board = await open();

    const data = await board.access(CSW_WORD, 0x200003fc, [T.WRITE_DRW, 1], T.READ_TAR);

    assert.deepEqual(data, [0x20000000]);
  });

  it('reaches the words around TAR through BD0 to BD3, without increment', async () => {
    await using board = await open();
    await board.access(CSW_WORD, 0x20000014, [T.WRITE_SELECT, 0x10], [0x01, 1], [0x0d, 4], [T.WRITE_SELECT, 0]);

    const tar = await board.rig.transfer(T.READ_TAR);

    assert.deepEqual(tar.data, [0x20000014]);
    assert.equal(await board.read(0x20000010), 1);
    assert.equal(await board.read(0x2000001c), 4);
  });

  it('shows the ROM table, and the identification of what it lists', async () => {
    await using board = await open();
    const table = await board.access(CSW_WORD, 0xe00ff000, T.READ_DRW, T.READ_DRW, T.READ_DRW, T.READ_DRW);

    assert.deepEqual(table, [0xfff0f003, 0xfff02003, 0xfff03003, 0]);
    const page = [0xe00fffe0, 0xe00fffe4, 0xe00fffe8, 0xe00fffec, 0xe00fffd0, 0xe00ffff4];
    const ids = [];
    for (const address of page) ids.push(await board.read(address));
    assert.deepEqual(ids, [0xc0, 0xb4, 0x0b, 0x00, 0x04, 0x10]);
    assert.equal(await board.read(0xe000efe0), 0x08);
    assert.equal(await board.read(0xe000ed00), 0x410cc601);
  });

  it('on the board with a second one has memory and a core of its own', async () => {
    await using board = await open({ board: { kind: 'second-ap' } });
    await board.write(0x20000000, 0x11);

    await board.rig.transfer([T.WRITE_SELECT, 0x01000000]);
    await board.write(0x20000000, 0x22);
    await board.write(0xe000edf0, 0xa05f0003);
    const second = await board.read(0xe000edf0);
    await board.rig.transfer([T.WRITE_SELECT, 0]);

    assert.equal(await board.read(0x20000000), 0x11);
    assert.equal(second & 0x20000, 0x20000);
    assert.equal((await board.read(0xe000edf0)) & 0x20000, 0);
  });
});

// RM0091, chapter 3.
describe('the flash controller', () => {
  const FLASH = { KEYR: 0x40022004, SR: 0x4002200c, CR: 0x40022010, AR: 0x40022014 };

  async function unlocked(): Promise<BoardRig & AsyncDisposable> {
    const board = await open();
    await board.write(FLASH.KEYR, 0x45670123);
    await board.write(FLASH.KEYR, 0xcdef89ab);
    return board;
  }

  it('is locked, ignores CR, and faults a direct write', async () => {
    await using board = await open();
    await board.write(FLASH.CR, 0x01);

    assert.equal(await board.read(FLASH.CR), 0x80);
    assert.equal(await board.tryWrite(CSW_HALF, 0x08000100, 0), 4);
    assert.equal(await board.read(0x08000100), 0xffffffff);
  });

  it('programs halfwords of erased flash, and says so until that is cleared', async () => {
    await using board = await unlocked();
    await board.write(FLASH.CR, 0x01);

    assert.equal(await board.tryWrite(CSW_HALF, 0x08000100, 0xbeef), 1);

    assert.equal(await board.read(0x08000100), 0xffffbeef);
    assert.equal(await board.read(0x100), 0xffffbeef, 'the mirror at 0');
    assert.equal(await board.read(FLASH.SR), 0x20);
    await board.write(FLASH.SR, 0x20);
    assert.equal(await board.read(FLASH.SR), 0);
  });

  it('does not program what is not erased, save with zero', async () => {
    await using board = await unlocked();
    await board.write(FLASH.CR, 0x01);
    await board.tryWrite(CSW_HALF, 0x08000100, 0xbeef);

    await board.tryWrite(CSW_HALF, 0x08000100, 0x1234);
    assert.equal((await board.read(0x08000100)) & 0xffff, 0xbeef);
    assert.equal((await board.read(FLASH.SR)) & 0x04, 0x04);
    await board.tryWrite(CSW_HALF, 0x08000100, 0);

    assert.equal((await board.read(0x08000100)) & 0xffff, 0);
  });

  it('faults writes that are not halfwords', async () => {
    await using board = await unlocked();
    await board.write(FLASH.CR, 0x01);

    assert.equal(await board.tryWrite(CSW_WORD, 0x08000100, 0), 4);
    assert.equal(await board.tryWrite(CSW_BYTE, 0x08000100, 0), 4);
  });

  it('erases the page of AR, or everything', async () => {
    await using board = await unlocked();
    await board.write(FLASH.CR, 0x01);
    await board.tryWrite(CSW_HALF, 0x08000400, 0);

    await board.write(FLASH.CR, 0x02);
    await board.write(FLASH.AR, 0x08000000);
    await board.write(FLASH.CR, 0x42);
    assert.equal(await board.read(0x08000000), 0xffffffff);
    assert.equal((await board.read(0x08000400)) & 0xffff, 0);
    await board.write(FLASH.CR, 0x44);

    assert.equal(await board.read(0x08000400), 0xffffffff);
  });

  it('refuses a wrong key, and stays locked until a reset', async () => {
    await using board = await open();
    assert.equal(await board.tryWrite(CSW_WORD, FLASH.KEYR, 0x12345678), 4);
    assert.equal(await board.tryWrite(CSW_WORD, FLASH.KEYR, 0x45670123), 4, 'the right one is too late');
    assert.equal(await board.read(FLASH.CR), 0x80);

    await board.rig.exchange(0x0a);
    await board.write(FLASH.KEYR, 0x45670123);
    await board.write(FLASH.KEYR, 0xcdef89ab);

    assert.equal(await board.read(FLASH.CR), 0);
  });
});

describe('a core on the board', () => {
  const DHCSR = 0xe000edf0;
  const HALT = 0xa05f0003;

  async function register(board: BoardRig, number: number): Promise<number> {
    await board.write(0xe000edf4, number);
    return board.read(0xe000edf8);
  }

  it('shows the DHCSR that the recordings show', async () => {
    await using board = await open();

    assert.equal(await board.read(DHCSR), 0x03010000);
    await board.write(DHCSR, 0xa05f0001);
    assert.equal(await board.read(DHCSR), 0x01010001);
    await board.write(DHCSR, HALT);
    assert.equal((await board.read(DHCSR)) & 0x20000, 0x20000);
  });

  it('runs while the probe is open, and stands still otherwise', async () => {
    await using board = await open();
    const { core } = board.rig.probe.board.processors[0];
    const count = (): number => {
      core.writePpb(DHCSR, HALT, true);
      core.writePpb(0xe000edf4, 0, true);
      const value = core.readPpb(0xe000edf8, true);
      core.writePpb(DHCSR, 0xa05f0000, true);
      return value;
    };
    const before = count();
    await settle();
    await settle();
    const after = count();
    assert.ok(after > before + 100, `${before} -> ${after}`);

    await board.rig.usb[Symbol.asyncDispose]();
    const closed = count();
    await settle();
    await settle();

    assert.equal(count(), closed);
    assert.equal(board.rig.clock.pending, 0);
  });

  it('is held by nRESET and starts at its reset vector, halted with VC_CORERESET', async () => {
    await using board = await open();
    await board.write(DHCSR, HALT);
    await board.write(0xe000edfc, 1);

    await board.rig.exchange(0x10, 0x00, 0x80, 0, 0, 0, 0);
    await board.rig.exchange(0x10, 0x80, 0x80, 0, 0, 0, 0);

    assert.equal((await board.read(DHCSR)) & 0x02020000, 0x02020000); // S_RESET_ST, S_HALT
    assert.equal(await register(board, 15), 0x08000040);
    assert.equal(await register(board, 13), 0x20001000);
  });

  it('is reset by SYSRESETREQ, with the peripherals, and the debug port is not', async () => {
    await using board = await open();
    await board.write(0x48000000, 0x1234);
    assert.equal(await board.read(0x48000000), 0x1234);
    await board.read(DHCSR);

    await board.write(0xe000ed0c, 0x05fa0004);

    assert.equal((await board.read(DHCSR)) & 0x02000000, 0x02000000);
    assert.equal(await board.read(0x48000000), 0);
    assert.deepEqual((await board.rig.transfer(T.READ_CTRL_STAT)).data, [0xf0000f00]);
  });

  it('comes out of a power cycle as if no debugger had ever been there', async () => {
    await using board = await open();
    const { core } = board.rig.probe.board.processors[0];
    const registers = [
      { address: DHCSR, value: 0xa05f0009, reads: 0x03010000 }, // C_DEBUGEN, C_MASKINTS; then S_RESET_ST, S_RETIRE_ST
      { address: 0xe000edf8, value: 0x12345678, reads: 0 }, // DCRDR
      { address: 0xe000edfc, value: 0x01000401, reads: 0 }, // DEMCR: DWTENA, VC_HARDERR, VC_CORERESET
      { address: 0xe0001020, value: 0x20000000, reads: 0 }, // DWT_COMP0
      { address: 0xe0001028, value: 7, reads: 0 }, // DWT_FUNCTION0
      { address: 0xe0002000, value: 3, reads: 0x40 }, // BP_CTRL
      { address: 0xe0002008, value: 0x40000041, reads: 0 }, // BP_COMP0
    ];
    for (const { address, value } of registers) await board.write(address, value);
    core.writePpb(DHCSR, HALT, true); // sets DFSR.HALTED

    board.rig.probe.board.powerCycle();

    assert.equal(core.halted, false);
    assert.equal(core.readPpb(0xe000ed30, true), 0, 'DFSR');
    for (const { address, reads } of registers) {
      const value = core.readPpb(address, true);
      assert.equal(value, reads, `0x${address.toString(16)}: 0x${value.toString(16)}`);
    }
  });

  it('is an STM32F051 by its IDCODE', async () => {
    await using board = await open();

    assert.equal((await board.read(0x40015800)) & 0xfff, 0x440);
  });
});

describe('the trace output of the board', () => {
  it('sends the bytes of a write in order, lowest first, and no others', () => {
    const board = new SimBoard(new FakeClock());
    const sent: number[] = [];
    board.onTrace = (bytes) => sent.push(...bytes);

    board.memory.write(0x5ffff000, 1, 0x41);
    board.memory.write(0x5ffff000, 2, 0x4342);
    board.memory.write(0x5ffff000, 4, 0x47464544);
    board.memory.write(0x5fffeffc, 4, 0x48484848);

    assert.equal(Buffer.from(sent).toString(), 'ABCDEFG');
  });
});
