import assert from 'node:assert/strict';

import { CODE, CoreRig, STACK_TOP, STEP, XPSR } from './core-rig.js';

/**
 * One instruction: its assembler text, its halfwords, what is set before and what is different after it. Numbers are
 * hexadecimal; `nzcv` is four digits; [a] is the word at address a. Flags start as 0000, registers as 0, SP as
 * 20001000, PC as 100, where the instruction is. What `after` does not name must be as before, save PC, which moves on by the instruction's size.
 * Encodings are those of DDI 0419 A6.7, checked with GNU as; results follow from the pseudocode there.
 */
type Vector = readonly [text: string, halfwords: readonly number[], before: string, after: string];

const shifts: readonly Vector[] = [
  ['lsls r0, r1, #1', [0x0048], 'r1=80000001', 'r0=2 nzcv=0010'],
  ['lsls r0, r1, #31', [0x07c8], 'r1=3', 'r0=80000000 nzcv=1010'],
  ['movs r0, r1', [0x0008], 'r1=0 r0=5 nzcv=0011', 'r0=0 nzcv=0111'], // LSLS #0: C and V stay
  ['lsrs r0, r1, #1', [0x0848], 'r1=80000001', 'r0=40000000 nzcv=0010'],
  ['lsrs r0, r1, #32', [0x0808], 'r1=80000000 r0=5', 'r0=0 nzcv=0110'],
  ['lsrs r0, r1, #32', [0x0808], 'r1=7fffffff r0=5 nzcv=0010', 'r0=0 nzcv=0100'],
  ['asrs r0, r1, #4', [0x1108], 'r1=80000008', 'r0=f8000000 nzcv=1010'],
  ['asrs r0, r1, #32', [0x1008], 'r1=80000000', 'r0=ffffffff nzcv=1010'],
  ['asrs r0, r1, #32', [0x1008], 'r1=7fffffff r0=5 nzcv=0010', 'r0=0 nzcv=0100'],
  ['lsls r0, r0, r1', [0x4088], 'r0=80000001 r1=0 nzcv=0010', 'nzcv=1010'],
  ['lsls r0, r0, r1', [0x4088], 'r0=80000001 r1=20', 'r0=0 nzcv=0110'],
  ['lsls r0, r0, r1', [0x4088], 'r0=80000001 r1=21 nzcv=0010', 'r0=0 nzcv=0100'],
  ['lsls r0, r0, r1', [0x4088], 'r0=80000001 r1=101', 'r0=2 nzcv=0010'], // the low byte counts
  ['lsrs r0, r0, r1', [0x40c8], 'r0=80000001 r1=20', 'r0=0 nzcv=0110'],
  ['lsrs r0, r0, r1', [0x40c8], 'r0=80000001 r1=21 nzcv=0010', 'r0=0 nzcv=0100'],
  ['lsrs r0, r0, r1', [0x40c8], 'r0=80000001 r1=ff00 nzcv=0010', 'nzcv=1010'],
  ['lsrs r0, r0, r1', [0x40c8], 'r0=80000001 r1=1f', 'r0=1'],
  ['asrs r0, r0, r1', [0x4108], 'r0=80000000 r1=ff', 'r0=ffffffff nzcv=1010'],
  ['asrs r0, r0, r1', [0x4108], 'r0=40000000 r1=20 nzcv=0010', 'r0=0 nzcv=0100'],
  ['asrs r0, r0, r1', [0x4108], 'r0=80000000 r1=20', 'r0=ffffffff nzcv=1010'],
  ['asrs r0, r0, r1', [0x4108], 'r0=80000001 r1=0 nzcv=0010', 'nzcv=1010'],
  ['asrs r0, r0, r1', [0x4108], 'r0=6 r1=2', 'r0=1 nzcv=0010'],
  ['rors r0, r0, r1', [0x41c8], 'r0=f r1=4', 'r0=f0000000 nzcv=1010'],
  ['rors r0, r0, r1', [0x41c8], 'r0=80000001 r1=20', 'nzcv=1010'],
  ['rors r0, r0, r1', [0x41c8], 'r0=1 r1=0 nzcv=0010', 'nzcv=0010'],
  ['rors r0, r0, r1', [0x41c8], 'r0=1 r1=21', 'r0=80000000 nzcv=1010'],
];

const arithmetic: readonly Vector[] = [
  ['adds r0, r1, r2', [0x1888], 'r1=7fffffff r2=1', 'r0=80000000 nzcv=1001'],
  ['adds r0, r1, r2', [0x1888], 'r1=ffffffff r2=1 r0=5', 'r0=0 nzcv=0110'],
  ['adds r0, r1, r2', [0x1888], 'r1=80000000 r2=80000000 r0=5', 'r0=0 nzcv=0111'],
  ['subs r0, r1, r2', [0x1a88], 'r1=0 r2=1', 'r0=ffffffff nzcv=1000'],
  ['subs r0, r1, r2', [0x1a88], 'r1=80000000 r2=1', 'r0=7fffffff nzcv=0011'],
  ['subs r0, r1, r2', [0x1a88], 'r1=5 r2=5 r0=1', 'r0=0 nzcv=0110'],
  ['adds r0, r1, #7', [0x1dc8], 'r1=1', 'r0=8'],
  ['subs r0, r1, #7', [0x1fc8], 'r1=7 r0=1', 'r0=0 nzcv=0110'],
  ['subs r0, r1, #0', [0x1e08], 'r1=5', 'r0=5 nzcv=0010'],
  ['movs r7, #255', [0x27ff], 'nzcv=1011', 'r7=ff nzcv=0011'],
  ['movs r7, #0', [0x2700], 'r7=1', 'r7=0 nzcv=0100'],
  ['cmp r3, #255', [0x2bff], 'r3=fe', 'nzcv=1000'],
  ['adds r3, #255', [0x33ff], 'r3=ffffff01 nzcv=1001', 'r3=0 nzcv=0110'],
  ['subs r3, #1', [0x3b01], 'r3=80000000', 'r3=7fffffff nzcv=0011'],
  ['adcs r0, r1', [0x4148], 'r0=ffffffff r1=0 nzcv=0010', 'r0=0 nzcv=0110'],
  ['adcs r0, r1', [0x4148], 'r0=7fffffff r1=0 nzcv=0010', 'r0=80000000 nzcv=1001'],
  ['adcs r0, r1', [0x4148], 'r0=ffffffff r1=ffffffff nzcv=0010', 'nzcv=1010'],
  ['adcs r0, r1', [0x4148], 'r0=1 r1=2', 'r0=3'],
  ['sbcs r0, r1', [0x4188], 'r0=5 r1=3', 'r0=1 nzcv=0010'],
  ['sbcs r0, r1', [0x4188], 'r0=5 r1=3 nzcv=0010', 'r0=2 nzcv=0010'],
  ['sbcs r0, r1', [0x4188], 'r0=0 r1=ffffffff', 'nzcv=0100'],
  ['sbcs r0, r1', [0x4188], 'r0=80000000 r1=0', 'r0=7fffffff nzcv=0011'],
  ['rsbs r0, r1, #0', [0x4248], 'r1=1', 'r0=ffffffff nzcv=1000'],
  ['rsbs r0, r1, #0', [0x4248], 'r1=0 r0=1', 'r0=0 nzcv=0110'],
  ['rsbs r0, r1, #0', [0x4248], 'r1=80000000', 'r0=80000000 nzcv=1001'],
  ['cmp r0, r1', [0x4288], 'r0=1 r1=2', 'nzcv=1000'],
  ['cmn r0, r1', [0x42c8], 'r0=1 r1=ffffffff', 'nzcv=0110'],
  ['muls r0, r1, r0', [0x4348], 'r0=10001 r1=10001 nzcv=0011', 'r0=20001 nzcv=0011'],
  ['muls r0, r1, r0', [0x4348], 'r0=ffffffff r1=7', 'r0=fffffff9 nzcv=1000'],
];

const logic: readonly Vector[] = [
  ['ands r0, r1', [0x4008], 'r0=f0f0 r1=ff00 nzcv=0011', 'r0=f000 nzcv=0011'],
  ['eors r0, r1', [0x4048], 'r0=ffff0000 r1=ffff0000', 'r0=0 nzcv=0100'],
  ['orrs r0, r1', [0x4308], 'r0=80000000 r1=1', 'r0=80000001 nzcv=1000'],
  ['bics r0, r1', [0x4388], 'r0=ff r1=f', 'r0=f0'],
  ['mvns r0, r1', [0x43c8], 'r1=0', 'r0=ffffffff nzcv=1000'],
  ['tst r0, r1', [0x4208], 'r0=5 r1=a nzcv=0010', 'nzcv=0110'],
  ['sxth r0, r1', [0xb208], 'r1=12348000', 'r0=ffff8000'],
  ['sxtb r0, r1', [0xb248], 'r1=12345680', 'r0=ffffff80'],
  ['uxth r0, r1', [0xb288], 'r1=12348000', 'r0=8000'],
  ['uxtb r0, r1', [0xb2c8], 'r1=12345680', 'r0=80'],
  ['rev r0, r1', [0xba08], 'r1=12345678', 'r0=78563412'],
  ['rev16 r0, r1', [0xba48], 'r1=12345678', 'r0=34127856'],
  ['revsh r0, r1', [0xbac8], 'r1=123456f8', 'r0=fffff856'],
];

const highRegisters: readonly Vector[] = [
  ['add r8, r9', [0x44c8], 'r8=ffffffff r9=2 nzcv=1000', 'r8=1'], // flags stay
  ['add r0, pc', [0x4478], 'r0=1000', 'r0=1104'],
  ['add pc, r0', [0x4487], 'r0=21', 'pc=124'], // 104 + 21, bit 0 dropped
  ['add sp, r0', [0x4485], 'r0=7', 'sp=20001004'], // bits 1:0 of SP are zero
  ['cmp r8, r0', [0x4580], 'r8=3 r0=3', 'nzcv=0110'],
  ['mov r8, r0', [0x4680], 'r0=80000000', 'r8=80000000'],
  ['mov r0, pc', [0x4678], '', 'r0=104'],
  ['mov pc, r0', [0x4687], 'r0=201', 'pc=200'], // no change of state
  ['mov sp, r0', [0x4685], 'r0=20000803', 'sp=20000800'],
];

const branches: readonly Vector[] = [
  ['beq .+16', [0xd006], 'nzcv=0100', 'pc=110'],
  ['beq .+16', [0xd006], 'nzcv=1011', ''],
  ['bne .-252', [0xd180], '', 'pc=4'],
  ['bcs .+16', [0xd206], 'nzcv=0010', 'pc=110'],
  ['bcc .+16', [0xd306], 'nzcv=0010', ''],
  ['bmi .+16', [0xd406], 'nzcv=1000', 'pc=110'],
  ['bpl .+16', [0xd506], 'nzcv=1000', ''],
  ['bvs .+16', [0xd606], 'nzcv=0001', 'pc=110'],
  ['bvc .+16', [0xd706], 'nzcv=0001', ''],
  ['bhi .+16', [0xd806], 'nzcv=0010', 'pc=110'],
  ['bhi .+16', [0xd806], 'nzcv=0110', ''],
  ['bls .+16', [0xd906], 'nzcv=0110', 'pc=110'],
  ['bls .+16', [0xd906], 'nzcv=0000', 'pc=110'],
  ['bge .+16', [0xda06], 'nzcv=1001', 'pc=110'],
  ['bge .+16', [0xda06], 'nzcv=1000', ''],
  ['blt .+16', [0xdb06], 'nzcv=0001', 'pc=110'],
  ['bgt .+16', [0xdc06], 'nzcv=1001', 'pc=110'],
  ['bgt .+16', [0xdc06], 'nzcv=0100', ''],
  ['ble .+16', [0xdd06], 'nzcv=0100', 'pc=110'],
  ['ble .+16', [0xdd06], 'nzcv=0001', 'pc=110'],
  ['b .', [0xe7fe], '', 'pc=100'],
  ['b .+2050', [0xe3ff], '', 'pc=902'],
  ['bx r1', [0x4708], 'r1=301', 'pc=300'],
  ['blx r1', [0x4788], 'r1=301', 'pc=300 lr=103'],
  ['blx lr', [0x47f0], 'lr=301', 'pc=300 lr=103'],
  ['bl .+4', [0xf000, 0xf800], '', 'pc=104 lr=105'],
  ['bl .-256', [0xf7ff, 0xff7e], '', 'pc=0 lr=105'],
  ['bl .+0x400004', [0xf000, 0xf000], '', 'pc=400104 lr=105'], // S = 0, J1 = 1, J2 = 0: I1 = 0, I2 = 1
];

/** Where the address is not a multiple of four: a literal is found from Align(PC, 4), all else from PC. */
const pcRelativeAtHalfwords: readonly Vector[] = [
  ['ldr r0, [pc, #8]', [0x4802], 'pc=102 [10c]=cafe1234', 'r0=cafe1234'],
  ['ldr r7, [pc, #1020]', [0x4fff], 'pc=102 [500]=cafe1234', 'r7=cafe1234'],
  ['add r0, pc, #8', [0xa002], 'pc=102', 'r0=10c'],
  ['add r0, pc', [0x4478], 'pc=102 r0=1000', 'r0=1106'],
  ['mov r0, pc', [0x4678], 'pc=102', 'r0=106'],
  ['beq .+16', [0xd006], 'pc=102 nzcv=0100', 'pc=112'],
  ['b .-2', [0xe7fd], 'pc=102', 'pc=100'],
  ['bl .+8', [0xf000, 0xf802], 'pc=102', 'pc=10a lr=107'],
  ['blx r1', [0x4788], 'pc=102 r1=301', 'pc=300 lr=105'],
];

const loadsAndStores: readonly Vector[] = [
  ['ldr r0, [pc, #8]', [0x4802], '[10c]=cafe1234', 'r0=cafe1234'],
  ['add r0, pc, #8', [0xa002], '', 'r0=10c'],
  ['str r0, [r1, r2]', [0x5088], 'r0=89abcdef r1=20000000 r2=8', '[20000008]=89abcdef'],
  ['strh r0, [r1, r2]', [0x5288], 'r0=89abcdef r1=20000000 r2=a', '[20000008]=cdef0000'],
  ['strb r0, [r1, r2]', [0x5488], 'r0=89abcdef r1=20000000 r2=9', '[20000008]=ef00'],
  ['ldrsb r0, [r1, r2]', [0x5688], 'r1=20000000 r2=1 [20000000]=8000', 'r0=ffffff80'],
  ['ldr r0, [r1, r2]', [0x5888], 'r1=20000010 r2=fffffff0 [20000000]=12345678', 'r0=12345678'],
  ['ldrh r0, [r1, r2]', [0x5a88], 'r1=20000000 r2=2 [20000000]=87654321', 'r0=8765'],
  ['ldrb r0, [r1, r2]', [0x5c88], 'r1=20000000 r2=3 [20000000]=87654321', 'r0=87'],
  ['ldrsh r0, [r1, r2]', [0x5e88], 'r1=20000000 r2=2 [20000000]=87654321', 'r0=ffff8765'],
  ['str r0, [r1, #124]', [0x67c8], 'r0=1 r1=20000000', '[2000007c]=1'],
  ['ldr r0, [r1, #4]', [0x6848], 'r1=20000000 [20000004]=80000000', 'r0=80000000'],
  ['strb r0, [r1, #31]', [0x77c8], 'r0=1ff r1=20000000', '[2000001c]=ff000000'],
  ['ldrb r0, [r1, #1]', [0x7848], 'r1=20000000 [20000000]=8000', 'r0=80'],
  ['strh r0, [r1, #62]', [0x87c8], 'r0=1ffff r1=20000000', '[2000003c]=ffff0000'],
  ['ldrh r0, [r1, #2]', [0x8848], 'r1=20000000 [20000000]=ffff0000', 'r0=ffff'],
  ['str r7, [sp, #8]', [0x9702], 'r7=77 sp=20000100', '[20000108]=77'],
  ['ldr r7, [sp, #8]', [0x9f02], 'sp=20000100 [20000108]=77', 'r7=77'],
  ['add r0, sp, #1020', [0xa8ff], 'sp=20000100', 'r0=200004fc'],
  ['add sp, #508', [0xb07f], 'sp=20000100', 'sp=200002fc'],
  ['sub sp, #508', [0xb0ff], 'sp=20000200', 'sp=20000004'],
  ['push {r0, r7, lr}', [0xb581], 'r0=1 r7=7 lr=e sp=2000010c', 'sp=20000100 [20000100]=1 [20000104]=7 [20000108]=e'],
  ['pop {r0, r7}', [0xbc81], 'sp=20000100 [20000100]=1 [20000104]=7', 'sp=20000108 r0=1 r7=7'],
  ['pop {r0, pc}', [0xbd01], 'sp=20000100 [20000100]=1 [20000104]=301', 'sp=20000108 r0=1 pc=300'],
  ['stmia r1!, {r0, r2}', [0xc105], 'r0=a r1=20000000 r2=b', 'r1=20000008 [20000000]=a [20000004]=b'],
  // The base as first of the list is stored as it was.
  ['stmia r1!, {r1, r2}', [0xc106], 'r1=20000000 r2=b', 'r1=20000008 [20000000]=20000000 [20000004]=b'],
  ['ldmia r1!, {r0, r2}', [0xc905], 'r1=20000000 [20000000]=a [20000004]=b', 'r1=20000008 r0=a r2=b'],
  ['ldmia r1, {r0, r1, r2}', [0xc907], 'r1=20000000 [20000000]=a [20000004]=b [20000008]=c', 'r0=a r1=b r2=c'],
];

const system: readonly Vector[] = [
  ['nop', [0xbf00], '', ''],
  ['yield', [0xbf10], '', ''],
  ['sev', [0xbf40], '', ''],
  ['dsb', [0xf3bf, 0x8f4f], '', ''],
  ['dmb', [0xf3bf, 0x8f5f], '', ''],
  ['isb', [0xf3bf, 0x8f6f], '', ''],
  ['mrs r0, apsr', [0xf3ef, 0x8000], 'nzcv=1010', 'r0=a0000000'],
  ['mrs r0, xpsr', [0xf3ef, 0x8003], 'nzcv=0101', 'r0=50000000'], // EPSR.T reads as zero
  ['mrs r8, msp', [0xf3ef, 0x8808], 'sp=20000400', 'r8=20000400'],
  ['msr apsr, r0', [0xf380, 0x8800], 'r0=ffffffff', 'nzcv=1111'],
  ['msr msp, r0', [0xf380, 0x8808], 'r0=20000402', 'sp=20000400'],
  ['msr ipsr, r0', [0xf380, 0x8805], 'r0=3', ''], // read-only
];

const groups: Readonly<Record<string, readonly Vector[]>> = {
  'shifts and rotates': shifts,
  'additions and subtractions': arithmetic,
  'logic, extension and byte order': logic,
  'high registers and PC': highRegisters,
  branches,
  'PC-relative, at an address that is no multiple of four': pcRelativeAtHalfwords,
  'loads and stores': loadsAndStores,
  'hints, barriers and special registers': system,
};

describe('an instruction stepped by a debugger', () => {
  for (const [group, vectors] of Object.entries(groups)) {
    describe(group, () => {
      for (const [text, halfwords, before, after] of vectors) {
        it(`${text}: ${before || 'nothing set'} -> ${after || 'nothing changed'}`, () => {
          const rig = new CoreRig();
          const assumed = parse(before);
          const { pc: at = CODE } = assumed;
          rig.load(at, halfwords);
          apply(rig, assumed);

          rig.run(STEP);

          const changed = parse(after);
          const expected = { ...assumed, pc: at + 2 * halfwords.length, ...changed };
          assert.deepEqual(observe(rig, Object.keys(expected)), hex({ ...resetState(), ...expected }));
        });
      }
    });
  }
});

describe('an encoding that Armv6-M does not have', () => {
  const undefinedOnes: readonly (readonly [string, readonly number[]])[] = [
    ['udf #0', [0xde00]],
    ['udf.w #0', [0xf7f0, 0xa000]],
    ['cbz r0', [0xb100]],
    ['it eq', [0xbf08]],
    ['ldr.w r0, [r1]', [0xf8d1, 0x0000]],
    ['b.w', [0xf000, 0xb800]],
    ['cpsie f', [0xb661]],
    ['ldmia r1!, {}', [0xc900]],
    ['setend le', [0xb650]],
  ];
  for (const [text, halfwords] of undefinedOnes) {
    it(`${text} is a HardFault at its own address`, () => {
      const rig = new CoreRig();
      rig.load(CODE, halfwords);

      rig.run(STEP);

      assert.equal(rig.reg(XPSR) & 0x3f, 3);
      assert.equal(rig.readWords(rig.reg(13) + 0x18, 1)[0], CODE);
    });
  }
});

describe('a load or store that cannot be made', () => {
  const accesses: readonly (readonly [string, number, string])[] = [
    ['ldr r0, [r1] at an odd address', 0x6808, 'r1=20000001'],
    ['ldr r0, [r1] at a halfword', 0x6808, 'r1=20000002'],
    ['ldrh r0, [r1] at an odd address', 0x8808, 'r1=20000001'],
    ['strh r0, [r1] at an odd address', 0x8008, 'r1=20000001'],
    ['str r0, [r1] at a halfword', 0x6008, 'r1=20000002'],
    ['ldr r0, [r1] where nothing is', 0x6808, 'r1=90000000'],
    ['strb r0, [r1] where nothing is', 0x7008, 'r1=90000000'],
    // The second word is outside: neither R0 nor the base may have changed (DDI 0419 B1.5, base restored).
    ['ldmia r1!, {r0, r2} over the end of RAM', 0xc905, 'r1=2000fffc [2000fffc]=1'],
    ['strb r0, [r1] to the PPB', 0x7008, 'r1=e000ed10'],
  ];
  for (const [text, halfword, before] of accesses) {
    it(`${text} is a HardFault and leaves the registers alone`, () => {
      const rig = new CoreRig();
      rig.load(CODE, [halfword]);
      apply(rig, parse(`${before} r0=55 r2=66`));
      const base = rig.reg(1);

      rig.run(STEP);

      assert.equal(rig.reg(XPSR) & 0x3f, 3);
      assert.deepEqual([rig.reg(0), rig.reg(1), rig.reg(2)], [0x55, base, 0x66]);
    });
  }
});

type State = Record<string, number>;

function resetState(): State {
  const state: State = { lr: 0xffffffff, sp: STACK_TOP, nzcv: 0, pc: CODE };
  for (let n = 0; n < 13; n++) state[`r${n}`] = 0;
  return state;
}

function parse(text: string): State {
  const pairs = text.split(' ').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name, value] = pair.split('=');
      return [name, parseInt(value, name === 'nzcv' ? 2 : 16)];
    }),
  );
}

const special: Readonly<Record<string, number>> = { sp: 13, lr: 14, pc: 15 };

function registerOf(name: string): number {
  return special[name] ?? Number(name.slice(1));
}

function apply(rig: CoreRig, state: State): void {
  for (const [name, value] of Object.entries(state)) {
    if (name.startsWith('[')) rig.writeWords(parseInt(name.slice(1), 16), [value]);
    else if (name === 'nzcv') rig.setReg(XPSR, 0x01000000 | (value << 28));
    else rig.setReg(registerOf(name), value);
  }
}

/** All registers and flags, and the memory words that `names` has. */
function observe(rig: CoreRig, names: readonly string[]): Record<string, string> {
  const state = resetState();
  for (const name of new Set([...Object.keys(state), ...names])) {
    if (name.startsWith('[')) state[name] = rig.readWords(parseInt(name.slice(1), 16), 1)[0];
    else state[name] = name === 'nzcv' ? rig.reg(XPSR) >>> 28 : rig.reg(registerOf(name));
  }
  return hex(state);
}

function hex(state: State): Record<string, string> {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, value.toString(16)]));
}
