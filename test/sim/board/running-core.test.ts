import assert from 'node:assert/strict';
import { settle } from '../../support/fake-clock.js';
import { ProbeRig, T, word } from '../probe-rig.js';

const DHCSR = 0xe000edf0;
const DCRSR = 0xe000edf4;
const DCRDR = 0xe000edf8;

/** Programs one halfword, as a flash algorithm does: unlock, PG, strh, wait for BSY, BKPT. */
const routine = [
  0x6041, // str r1, [r0, #4]   KEYR = key 1
  0x6042, // str r2, [r0, #4]   KEYR = key 2
  0x2101, // movs r1, #1
  0x6101, // str r1, [r0, #16]  CR = PG
  0x801c, // strh r4, [r3]
  0x68c1, // ldr r1, [r0, #12]  SR
  0x07c9, // lsls r1, r1, #31   BSY into N
  0xd4fc, // bmi .-4
  0xbe00, // bkpt
];

describe('a routine downloaded to RAM', () => {
  it('runs through the debug port, programs flash, and stops at its BKPT', async () => {
    await using rig = await ProbeRig.open();
    await rig.connectSwd();
    const write = async (address: number, value: number): Promise<void> => {
      const { response } = await rig.transfer([T.WRITE_TAR, address], [T.WRITE_DRW, value]);
      assert.equal(response, 1);
    };
    const read = async (address: number): Promise<number> =>
      (await rig.transfer([T.WRITE_TAR, address], T.READ_DRW)).data[0];
    const setRegister = async (number: number, value: number): Promise<void> => {
      await write(DCRDR, value);
      await write(DCRSR, 0x10000 | number);
    };
    await write(DHCSR, 0xa05f0003);
    await rig.transfer([T.WRITE_TAR, 0x20000000]);
    const padded = [...routine, 0xbf00];
    for (let i = 0; i < padded.length; i += 2)
      await rig.exchange(0x06, 0, 1, 0, T.WRITE_DRW, ...word((padded[i] | (padded[i + 1] << 16)) >>> 0));
    const registers = [0x40022000, 0x45670123, 0xcdef89ab, 0x08000800, 0xcafe];
    for (const [number, value] of registers.entries()) await setRegister(number, value);
    await setRegister(15, 0x20000000);
    await setRegister(16, 0x01000000);

    await write(DHCSR, 0xa05f0001);
    await settle(); // one turn of the event loop is one slice
    await settle();

    assert.equal((await read(DHCSR)) & 0x20000, 0x20000, 'halted');
    await write(DCRSR, 15);
    assert.equal(await read(DCRDR), 0x20000010);
    assert.equal(await read(0x08000800), 0xffffcafe);
  });
});
