import assert from 'node:assert/strict';

import { CoreRig, RAM, REG, STACK_TOP, XPSR } from './core-rig.js';

// GCC 12.2.1: arm-none-eabi-gcc -mcpu=cortex-m0plus -mthumb -Os -ffreestanding -fno-tree-loop-distribute-patterns
//
//   typedef unsigned u; typedef unsigned char b;
//   u crc32(const b *p, u n) {
//     u c = ~0u;
//     while (n--) { c ^= *p++; for (int k = 0; k < 8; k++) c = (c >> 1) ^ (0xEDB88320u & -(c & 1)); }
//     return ~c;
//   }
//   void copy(b *d, const b *s, u n) { while (n--) *d++ = *s++; }
//   u divide(u a, u d) {
//     u q = 0, r = 0;
//     for (int i = 31; i >= 0; i--) { r = (r << 1) | ((a >> i) & 1); if (r >= d) { r -= d; q |= 1u << i; } }
//     return q;
//   }
//   u fib(u n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
const crc32 = [
  0x2301, 0xb5f0, 0x0002, 0x2501, 0x4e09, 0x1841, 0x425b, 0x4291, 0xd101, 0x43d8, 0xbdf0, 0x2408, 0x7810, 0x4043,
  0x085f, 0x402b, 0x425b, 0x4033, 0x3c01, 0x407b, 0x2c00, 0xd1f7, 0x3201, 0xe7ee, 0x8320, 0xedb8,
];
const copy = [0x2300, 0xb510, 0x429a, 0xd100, 0xbd10, 0x5ccc, 0x54c4, 0x3301, 0xe7f8];
const divide = [
  0x2300, 0xb570, 0x221f, 0x0004, 0x2601, 0x0018, 0x0025, 0x40d5, 0x005b, 0x4035, 0x432b, 0x428b, 0xd303, 0x0035,
  0x4095, 0x1a5b, 0x4328, 0x3a01, 0xd2f2, 0xbd70,
];
const fib = [
  0xb570, 0x0004, 0x0005, 0x2600, 0x2d01, 0xd905, 0x1e68, 0xf7ff, 0xfff7, 0x3d02, 0x1836, 0xe7f7, 0x2301, 0x401c,
  0x19a0, 0xbd70,
];

const BKPT = 0xbe00;
const ROUTINE = RAM + 0x2000;
const DATA = RAM + 0x4000;

/** Calls a routine in RAM as a debugger calls a flash algorithm: it returns to a BKPT. Returns R0. */
function call(rig: CoreRig, routine: readonly number[], args: readonly number[]): number {
  rig.load(RAM, [BKPT]);
  rig.load(ROUTINE, routine);
  args.forEach((value, i) => rig.setReg(i, value));
  rig.setReg(13, STACK_TOP);
  rig.setReg(14, RAM | 1);
  rig.setReg(15, ROUTINE);
  rig.setReg(XPSR, 0x01000000);

  const dfsr = rig.run(undefined, 1_000_000);

  assert.deepEqual([dfsr, rig.reg(15), rig.reg(13)], [2, RAM, STACK_TOP]);
  return rig.reg(0);
}

function putText(rig: CoreRig, text: string): void {
  Buffer.from(text).forEach((byte, i) => rig.memory.write(DATA + i, 1, byte));
}

describe('a compiled routine called by a debugger', () => {
  it('computes the CRC-32 of "123456789": CBF43926', () => {
    const rig = new CoreRig();
    putText(rig, '123456789');

    assert.equal(call(rig, crc32, [DATA, 9]), 0xcbf43926);
  });

  it('copies bytes, to an odd address too', () => {
    const rig = new CoreRig();
    putText(rig, 'a debugger calls');

    call(rig, copy, [DATA + 0x101, DATA, 16]);

    const copied = Array.from({ length: 18 }, (_, i) => rig.memory.read(DATA + 0x100 + i, 1));
    assert.equal(Buffer.from(copied).toString('latin1'), '\0a debugger calls\0');
  });

  for (const [dividend, divisor] of [
    [0xfedcba98, 12345],
    [0xffffffff, 1],
    [7, 8],
    [0x80000000, 0x7fffffff],
  ]) {
    it(`divides ${dividend} by ${divisor}`, () => {
      assert.equal(call(new CoreRig(), divide, [dividend, divisor]), Math.floor(dividend / divisor));
    });
  }

  it('recurses: fib(15) is 610', () => {
    assert.equal(call(new CoreRig(), fib, [15]), 610);
  });

  it('gives the same result when interrupted by SysTick every few instructions', () => {
    const rig = new CoreRig();
    rig.load(0x800 + 0x10 * 15, [0x2000, 0x2100, 0x2200, 0x2300, 0x4770]); // movs r0-r3, #0; bx lr
    rig.write(REG.SYST_RVR, 22);
    rig.write(REG.SYST_CSR, 3);

    assert.equal(call(rig, fib, [12]), 144);
  });
});
