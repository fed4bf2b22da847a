import assert from 'node:assert/strict';

import {
  CODE,
  CONTROL_PRIMASK,
  CoreRig,
  GO,
  HALT,
  HANDLERS,
  MSP,
  PSP,
  RAM,
  REG,
  STACK_TOP,
  STEP,
  XPSR,
} from './core-rig.js';

const NOP = 0xbf00;
const BKPT = 0xbe00;
const HERE = 0xe7fe;
const UDF = 0xde00;

const HALTED = 0x01;
const BREAKPOINT = 0x02;
const WATCHPOINT = 0x04;
const VECTOR_CATCH = 0x08;

/** Bits of DEMCR. */
const VC_CORERESET = 0x1;
const VC_HARDERR = 0x400;
const DWTENA = 0x01000000;

function rigWith(code: readonly number[]): CoreRig {
  const rig = new CoreRig();
  rig.load(CODE, code);
  return rig;
}

describe('DHCSR', () => {
  it('reads 0x03010000 first after reset, then 0x01010001 with C_DEBUGEN, as the recorded conversations have it', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.DHCSR, 0xa05f0000);
    rig.core.reset();

    const first = rig.read(REG.DHCSR);
    rig.write(REG.DHCSR, GO);

    assert.equal(first, 0x03010000);
    assert.equal(rig.read(REG.DHCSR), 0x01010001);
  });

  it('ignores a write without its key', () => {
    const rig = rigWith([HERE]);

    rig.write(REG.DHCSR, 0x00000001);

    assert.equal(rig.core.halted, true);
  });

  it('shows S_RETIRE_ST once for the instructions before a halt', () => {
    const rig = rigWith([HERE]);
    rig.execute(10);

    const reads = [rig.read(REG.DHCSR), rig.read(REG.DHCSR)];

    assert.deepEqual(reads, [0x01030003, 0x00030003]);
  });

  it('lets the core go on when C_DEBUGEN is cleared', () => {
    const rig = rigWith([HERE]);

    rig.write(REG.DHCSR, 0xa05f0000);

    assert.equal(rig.core.run(10), 10);
    assert.equal(rig.read(REG.DHCSR), 0x01010000);
  });
});

describe('C_HALT', () => {
  it('halts a running core and says HALTED in DFSR until one is written to it', () => {
    const rig = rigWith([HERE]);
    rig.run();

    rig.write(REG.DHCSR, HALT);

    assert.equal(rig.read(REG.DHCSR) & 0x20003, 0x20003);
    assert.equal(rig.core.run(10), 0);
    assert.equal(rig.read(REG.DFSR), HALTED);
    rig.write(REG.DFSR, 0x1f);
    assert.equal(rig.read(REG.DFSR), 0);
  });
});

describe('register transfers through DCRSR and DCRDR', () => {
  it('reach every register of Armv6-M', () => {
    const rig = rigWith([HERE]);
    const written: [number, number][] = [];
    for (let n = 0; n < 13; n++) written.push([n, 0x80000000 + n]);
    written.push([14, 0x11111111], [15, 0x400], [XPSR, 0xf1000000], [MSP, RAM + 0x10], [PSP, RAM + 0x20]);

    for (const [select, value] of written) rig.setReg(select, value);

    for (const [select, value] of written) assert.equal(rig.reg(select), value, `REGSEL ${select}`);
    assert.equal(rig.reg(13), RAM + 0x10);
  });

  it('select the stack by CONTROL, and mask the low bits of a stack pointer', () => {
    const rig = rigWith([HERE]);
    rig.setReg(PSP, RAM + 0x23);

    rig.setReg(CONTROL_PRIMASK, 0x02000001);

    assert.deepEqual([rig.reg(13), rig.reg(CONTROL_PRIMASK)], [RAM + 0x20, 0x02000001]);
    rig.setReg(13, RAM + 0x30);
    assert.deepEqual([rig.reg(PSP), rig.reg(MSP)], [RAM + 0x30, STACK_TOP]);
  });

  it('do nothing while the core runs', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.DHCSR, GO);
    rig.write(REG.DCRDR, 0x1234);

    rig.write(REG.DCRSR, 0x10000);

    rig.write(REG.DHCSR, HALT);
    assert.equal(rig.reg(0), 0);
  });
});

describe('a single step', () => {
  it('executes one instruction and halts, with HALTED in DFSR', () => {
    const rig = rigWith([0x3001, 0x3001]); // adds r0, #1

    const dfsr = rig.run(STEP);

    assert.deepEqual([dfsr, rig.reg(0), rig.reg(15)], [HALTED, 1, CODE + 2]);
    assert.equal(rig.read(REG.DHCSR), 0x01030007);
  });

  it('has not halted yet before the core had time to run', () => {
    const rig = rigWith([NOP]);

    rig.write(REG.DHCSR, STEP);

    assert.equal(rig.read(REG.DHCSR) & 0x20002, 0);
  });

  it('ends before the first instruction of a handler it enters', () => {
    const rig = rigWith([NOP]);
    rig.write(REG.ICSR, 0x10000000); // PendSV

    rig.run(STEP);

    assert.deepEqual([rig.reg(15), rig.reg(XPSR) & 0x3f], [HANDLERS + 0x10 * 14, 14]);
  });

  it('passes WFI', () => {
    const rig = rigWith([0xbf30, NOP]);

    rig.run(STEP);

    assert.deepEqual([rig.core.halted, rig.core.sleeping, rig.reg(15)], [true, false, CODE + 2]);
  });
});

describe('BKPT', () => {
  it('halts on itself with BKPT in DFSR, every time, until PC is moved', () => {
    const rig = rigWith([0x3001, BKPT, 0x3001, HERE]);

    const first = [rig.run(), rig.reg(15)];
    const again = [rig.run(), rig.reg(15)];
    rig.setReg(15, CODE + 4);
    rig.execute(1);

    assert.deepEqual(first, [BREAKPOINT, CODE + 2]);
    assert.deepEqual(again, first);
    assert.equal(rig.reg(0), 2);
  });

  it('is a HardFault without a debugger', () => {
    const rig = rigWith([BKPT]);
    rig.load(HANDLERS + 0x30, [HERE]);
    rig.write(REG.DHCSR, 0xa05f0000);

    rig.core.run(10);

    rig.write(REG.DHCSR, HALT);
    assert.equal(rig.reg(XPSR) & 0x3f, 3);
  });
});

describe('a breakpoint comparator', () => {
  const LOWER = 0x40000000;
  const UPPER = 0x80000000;

  for (const [halves, match, stops] of [
    ['the lower halfword', LOWER, [CODE + 4]],
    ['the upper halfword', UPPER, [CODE + 6]],
    ['both halfwords', UPPER + LOWER, [CODE + 4, CODE + 6]],
  ] as const) {
    it(`stops before the instruction at ${halves}`, () => {
      const rig = rigWith([NOP, NOP, NOP, NOP, HERE]);
      rig.write(REG.BP_CTRL, 3);
      rig.write(REG.BP_COMP0, match + CODE + 4 + 1);

      const seen: number[] = [];
      for (const stop of stops) {
        assert.equal(rig.run(), BREAKPOINT);
        seen.push(rig.reg(15));
        rig.setReg(15, stop + 2);
      }

      assert.deepEqual(seen, stops);
      assert.equal(rig.run(), 0);
    });
  }

  it('there are four of, each with its own address', () => {
    const rig = rigWith([NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, HERE]);
    rig.write(REG.BP_CTRL, 3);
    for (let i = 0; i < 4; i++) rig.write(REG.BP_COMP0 + 4 * i, LOWER + CODE + 4 * i + 1);

    const seen = Array.from({ length: 4 }, () => {
      rig.run();
      const pc = rig.reg(15);
      rig.setReg(15, pc + 2);
      return pc;
    });

    assert.deepEqual(seen, [CODE, CODE + 4, CODE + 8, CODE + 12]);
    assert.equal(rig.read(REG.BP_CTRL), 0x41);
    assert.equal(rig.read(REG.BP_COMP0 + 4), LOWER + CODE + 5);
  });

  it('does nothing while BP_CTRL is off, which takes a write with its key', () => {
    const rig = rigWith([NOP, NOP, HERE]);
    rig.write(REG.BP_COMP0, LOWER + CODE + 1);

    rig.write(REG.BP_CTRL, 1); // no key

    assert.equal(rig.read(REG.BP_CTRL), 0x40);
    assert.equal(rig.run(), 0);
  });

  it('does nothing without C_DEBUGEN', () => {
    const rig = rigWith([NOP, HERE]);
    rig.write(REG.BP_CTRL, 3);
    rig.write(REG.BP_COMP0, LOWER + CODE + 1);

    rig.write(REG.DHCSR, 0xa05f0000);

    assert.equal(rig.core.run(10), 10);
  });

  it('does not reach code in RAM', () => {
    const rig = rigWith([HERE]);
    rig.load(RAM + 0x100, [HERE]);
    rig.setReg(15, RAM + 0x100);
    rig.write(REG.BP_CTRL, 3);
    rig.write(REG.BP_COMP0, LOWER + 0x101);

    assert.equal(rig.run(), 0);
  });
});

describe('a watchpoint', () => {
  const READ = 5;
  const WRITE = 6;
  const ACCESS = 7;
  const WATCHED = RAM + 0x40;

  /** str r1, [r0]; ldr r2, [r0]; b . */
  function watching(kind: number, address = WATCHED, maskBits = 2): CoreRig {
    const rig = rigWith([0x6001, 0x6802, HERE]);
    rig.setReg(0, WATCHED);
    rig.write(REG.DEMCR, DWTENA);
    rig.write(REG.DWT_COMP0, address);
    rig.write(REG.DWT_MASK0, maskBits);
    rig.write(REG.DWT_FUNCTION0, kind);
    return rig;
  }

  it('on writes halts behind the store, with DWTTRAP in DFSR', () => {
    const rig = watching(WRITE);

    assert.deepEqual([rig.run(), rig.reg(15)], [WATCHPOINT, CODE + 2]);
    assert.equal(rig.run(), 0);
  });

  it('on reads halts behind the load', () => {
    const rig = watching(READ);

    assert.deepEqual([rig.run(), rig.reg(15)], [WATCHPOINT, CODE + 4]);
  });

  it('on both halts at each', () => {
    const rig = watching(ACCESS);

    const stops = [rig.run(), rig.reg(15), rig.run(), rig.reg(15)];

    assert.deepEqual(stops, [WATCHPOINT, CODE + 2, WATCHPOINT, CODE + 4]);
  });

  it('sets MATCHED, which reading clears', () => {
    const rig = watching(WRITE);
    rig.run();

    const reads = [rig.read(REG.DWT_FUNCTION0), rig.read(REG.DWT_FUNCTION0)];

    assert.deepEqual(reads, [0x01000006, 0x00000006]);
  });

  it('on one byte sees a word access that touches it', () => {
    assert.equal(watching(WRITE, WATCHED + 3, 0).run(), WATCHPOINT);
  });

  it('on the next byte does not', () => {
    assert.equal(watching(WRITE, WATCHED + 4, 0).run(), 0);
  });

  it('on a block covers 2^MASK bytes', () => {
    assert.equal(watching(WRITE, RAM, 7).run(), WATCHPOINT);
    assert.equal(watching(WRITE, RAM, 6).run(), 0);
  });

  it('is off without DEMCR.DWTENA', () => {
    const rig = watching(WRITE);

    rig.write(REG.DEMCR, 0);

    assert.equal(rig.run(), 0);
  });

  it('does not see what the debugger does', () => {
    const rig = watching(ACCESS);
    rig.setReg(15, CODE + 4);

    rig.writeWords(WATCHED, [1]);

    assert.equal(rig.run(), 0);
  });

  it('on an instruction address halts behind that instruction', () => {
    const rig = watching(4, CODE + 2, 0);

    assert.deepEqual([rig.run(), rig.reg(15)], [WATCHPOINT, CODE + 4]);
  });

  it('there are two of', () => {
    const rig = watching(0);
    assert.equal(rig.read(REG.DWT_CTRL), 0x20000000);
    rig.write(REG.DWT_COMP0 + 0x10, WATCHED);
    rig.write(REG.DWT_FUNCTION0 + 0x10, WRITE);

    assert.equal(rig.run(), WATCHPOINT);
    assert.equal(rig.read(REG.DWT_COMP0 + 0x10), WATCHED);
  });
});

describe('PC sampling', () => {
  it('tells an address lately executed while the core runs, 0xFFFFFFFF otherwise', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.DEMCR, DWTENA);
    const halted = rig.read(REG.DWT_PCSR);
    rig.run();

    const running = rig.read(REG.DWT_PCSR);
    rig.write(REG.DEMCR, 0);

    assert.deepEqual([halted, running, rig.read(REG.DWT_PCSR)], [0xffffffff, CODE, 0xffffffff]);
  });
});

describe('vector catch', () => {
  it('of reset halts before the first instruction', () => {
    const rig = rigWith([0x3001, HERE]);
    rig.write(REG.DEMCR, VC_CORERESET);
    rig.run();

    rig.write(REG.AIRCR, 0x05fa0004);

    assert.deepEqual([rig.core.halted, rig.reg(15), rig.reg(0), rig.reg(13)], [true, CODE, 0, STACK_TOP]);
    assert.equal(rig.takeDfsr(), VECTOR_CATCH);
    assert.equal(rig.read(REG.DHCSR), 0x02030003);
  });

  it('of HardFault halts before the first instruction of its handler', () => {
    const rig = rigWith([UDF]);
    rig.write(REG.DEMCR, VC_HARDERR);

    assert.equal(rig.run(), VECTOR_CATCH);
    assert.deepEqual([rig.reg(15), rig.reg(XPSR) & 0x3f], [HANDLERS + 0x30, 3]);
  });

  it('needs C_DEBUGEN', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.DEMCR, VC_CORERESET);
    rig.write(REG.DHCSR, 0xa05f0000);

    rig.core.reset();

    assert.equal(rig.core.halted, false);
  });
});

describe('SYSRESETREQ', () => {
  it('from the debugger resets, and leaves debug registers as they were', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.DEMCR, DWTENA | VC_HARDERR);
    rig.write(REG.BP_CTRL, 3);
    rig.write(REG.BP_COMP0, 0x40000201);
    rig.write(REG.NVIC_ISER, 1);
    rig.write(REG.VTOR, 0x20000100);
    rig.setReg(5, 5);

    rig.write(REG.AIRCR, 0x05fa0004);

    assert.equal(rig.systemResets, 1);
    assert.equal(rig.read(REG.DHCSR), 0x03010001); // C_DEBUGEN stays, C_HALT does not
    assert.deepEqual([rig.read(REG.DEMCR), rig.read(REG.BP_CTRL)], [DWTENA | VC_HARDERR, 0x41]);
    assert.equal(rig.read(REG.BP_COMP0), 0x40000201);
    assert.deepEqual([rig.read(REG.NVIC_ISER), rig.read(REG.VTOR)], [0, 0]);
    rig.write(REG.DHCSR, HALT);
    assert.deepEqual([rig.reg(5), rig.reg(14), rig.reg(XPSR)], [0, 0xffffffff, 0x01000000]);
  });

  it('from the program takes effect behind the store', () => {
    const rig = rigWith([0x4801, 0x4902, 0xc002, HERE]); // ldr r0, =AIRCR; ldr r1, =value; stmia r0!, {r1}
    rig.writeWords(CODE + 8, [REG.AIRCR, 0x05fa0004]);
    rig.write(REG.DEMCR, VC_CORERESET);

    const dfsr = rig.run();

    assert.deepEqual([rig.systemResets, dfsr], [1, VECTOR_CATCH]);
    assert.deepEqual([rig.reg(0), rig.reg(1), rig.reg(15)], [0, 0, CODE]);
  });

  it('without the key does nothing', () => {
    const rig = rigWith([HERE]);

    rig.write(REG.AIRCR, 0x00000004);

    assert.equal(rig.systemResets, 0);
    assert.equal(rig.read(REG.AIRCR), 0xfa050000);
  });
});

describe('nRESET', () => {
  it('stops the core, shows S_RESET_ST as long as it is held, and no S_RETIRE_ST', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.DHCSR, GO);
    rig.core.holdInReset(true);

    const reads = [rig.core.run(10), rig.read(REG.DHCSR), rig.read(REG.DHCSR)];
    rig.core.holdInReset(false);

    assert.deepEqual(reads, [0, 0x02010001, 0x02010001]);
    assert.equal(rig.core.run(10), 10);
  });

  it('can be left halted: by VC_CORERESET, or by C_HALT written meanwhile', () => {
    const catching = rigWith([HERE]);
    catching.core.holdInReset(true);
    catching.write(REG.DEMCR, VC_CORERESET);
    const halting = rigWith([HERE]);
    halting.core.holdInReset(true);
    halting.write(REG.DHCSR, HALT);

    catching.core.holdInReset(false);
    halting.core.holdInReset(false);

    assert.deepEqual([catching.core.halted, catching.takeDfsr()], [true, VECTOR_CATCH]);
    assert.deepEqual([halting.core.halted, halting.takeDfsr(), halting.reg(15)], [true, HALTED, CODE]);
  });
});

describe('debug registers read by the program itself', () => {
  it('are zero, and ignore its writes', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.DEMCR, DWTENA);
    for (const address of [REG.DHCSR, REG.DEMCR, REG.DFSR, REG.DWT_CTRL, REG.BP_CTRL])
      assert.equal(rig.core.readPpb(address, false), 0);

    rig.core.writePpb(REG.DHCSR, 0xa05f0000, false);
    rig.core.writePpb(REG.DEMCR, 0, false);

    assert.deepEqual([rig.core.halted, rig.read(REG.DEMCR)], [true, DWTENA]);
  });
});
