import assert from 'node:assert/strict';

import {
  CODE,
  CONTROL_PRIMASK,
  CoreRig,
  HANDLERS,
  MSP,
  PSP,
  RAM,
  REG,
  STACK_TOP,
  STEP,
  STEP_MASKED,
  XPSR,
} from './core-rig.js';

const NOP = 0xbf00;
const BX_LR = 0x4770;
const WFI = 0xbf30;
const WFE = 0xbf20;
const SEV = 0xbf40;
const CPSIE = 0xb662;
const UDF = 0xde00;
const SVC = 0xdf00;
/** Branch to itself. */
const HERE = 0xe7fe;

function handler(exception: number): number {
  return HANDLERS + 0x10 * exception;
}

/** A rig that idles in Thread mode, its interrupts 0 to 3 enabled. */
function idleRig(code: readonly number[] = [HERE]): CoreRig {
  const rig = new CoreRig();
  rig.load(CODE, code);
  rig.write(REG.NVIC_ISER, 0xf);
  return rig;
}

describe('an exception taken in Thread mode', () => {
  it('stacks R0-R3, R12, LR, the return address and xPSR, and starts its handler', () => {
    const rig = idleRig();
    for (const [register, value] of [
      [0, 0x10],
      [1, 0x11],
      [2, 0x12],
      [3, 0x13],
      [12, 0x1c],
      [14, 0xabc1],
    ] as const)
      rig.setReg(register, value);
    rig.setReg(XPSR, 0xa1000000);
    rig.write(REG.NVIC_ISPR, 1);

    rig.run(STEP);

    const frame = STACK_TOP - 0x20;
    assert.equal(rig.reg(MSP), frame);
    assert.deepEqual(rig.readWords(frame, 8), [0x10, 0x11, 0x12, 0x13, 0x1c, 0xabc1, CODE, 0xa1000000]);
    assert.deepEqual([rig.reg(15), rig.reg(14)], [handler(16), 0xfffffff9]);
    assert.equal(rig.reg(XPSR) & 0x0100003f, 0x01000010);
    assert.equal(rig.read(REG.NVIC_ISPR), 0);
  });

  it('aligns the frame to eight bytes and says so in bit 9 of the stacked xPSR', () => {
    const rig = idleRig();
    rig.setReg(MSP, STACK_TOP - 4);
    rig.write(REG.NVIC_ISPR, 1);

    rig.execute(2); // BX LR, then the loop again

    assert.equal(rig.readWords(STACK_TOP - 0x28 + 0x1c, 1)[0], 0x01000200);
    assert.equal(rig.reg(MSP), STACK_TOP - 4);
    assert.equal(rig.reg(15), CODE);
  });

  it('uses the process stack where CONTROL.SPSEL selects it, and the main stack in the handler', () => {
    const rig = idleRig();
    rig.setReg(PSP, RAM + 0x800);
    rig.setReg(CONTROL_PRIMASK, 0x02000000);
    rig.write(REG.NVIC_ISPR, 1);

    rig.run(STEP);
    const inHandler = [rig.reg(13), rig.reg(PSP), rig.reg(14), rig.reg(CONTROL_PRIMASK)];
    rig.run(STEP);

    assert.deepEqual(inHandler, [STACK_TOP, RAM + 0x7e0, 0xfffffffd, 0]);
    assert.deepEqual([rig.reg(13), rig.reg(CONTROL_PRIMASK)], [RAM + 0x800, 0x02000000]);
  });

  it('takes its vector from VTOR', () => {
    const rig = idleRig();
    rig.write(REG.VTOR, RAM + 0x100);
    rig.writeWords(RAM + 0x100 + 4 * 16, [CODE + 0x41]);
    rig.write(REG.NVIC_ISPR, 1);

    rig.run(STEP);

    assert.equal(rig.reg(15), CODE + 0x40);
  });
});

describe('the return from an exception', () => {
  it('restores registers, flags and mode, by BX or by POP', () => {
    const rig = idleRig();
    rig.setReg(0, 5);
    rig.setReg(XPSR, 0xf1000000);
    rig.load(handler(16), [0xb500, 0x2000, 0xbd00]); // push {lr}; movs r0, #0; pop {pc}
    rig.write(REG.NVIC_ISPR, 1);

    rig.execute(3);

    assert.deepEqual([rig.reg(0), rig.reg(15), rig.reg(13)], [5, CODE, STACK_TOP]);
    assert.equal(rig.reg(XPSR) >>> 0, 0xf1000000);
  });

  it('goes back to the handler that was interrupted, with EXC_RETURN 0xFFFFFFF1', () => {
    const rig = idleRig();
    rig.write(REG.NVIC_IPR0, 0x00004080); // 0: 0x80, 1: 0x40
    rig.load(handler(16), [HERE]);
    rig.write(REG.NVIC_ISPR, 1);
    rig.execute(1);

    rig.write(REG.NVIC_ISPR, 2);
    rig.run(STEP);
    const nested = [rig.reg(14), rig.reg(XPSR) & 0x3f];
    rig.run(STEP);

    assert.deepEqual(nested, [0xfffffff1, 17]);
    assert.deepEqual([rig.reg(15), rig.reg(XPSR) & 0x3f], [handler(16), 16]);
  });

  it('lets a pending exception in at once, on the same stack', () => {
    const rig = idleRig();
    rig.write(REG.NVIC_ISPR, 3);

    rig.execute(1); // BX LR of interrupt 0
    rig.run(STEP); // entry of interrupt 1

    assert.deepEqual([rig.reg(15), rig.reg(14), rig.reg(MSP)], [handler(17), 0xfffffff9, STACK_TOP - 0x20]);
  });

  it('to a mode that does not fit is a HardFault', () => {
    const rig = idleRig();
    rig.write(REG.NVIC_ISPR, 1);
    rig.run(STEP);
    rig.setReg(14, 0xfffffff1); // no other handler is active

    rig.run(STEP);

    assert.equal(rig.reg(XPSR) & 0x3f, 3);
  });

  it('in Thread mode is a branch to where nothing can execute', () => {
    const rig = idleRig([BX_LR]);
    rig.setReg(14, 0xfffffff9);

    rig.run(STEP);
    rig.run(STEP);

    assert.equal(rig.reg(XPSR) & 0x3f, 3);
    assert.equal(rig.readWords(rig.reg(13) + 0x18, 1)[0], 0xfffffff8);
  });
});

describe('exceptions pending together', () => {
  it('are taken by priority, then by number', () => {
    const rig = idleRig();
    rig.write(REG.NVIC_IPR0, 0x404080c0);
    rig.write(REG.NVIC_ISPR, 0xf);

    const order: number[] = [];
    for (let i = 0; i < 4; i++) {
      rig.run(STEP);
      order.push(rig.reg(XPSR) & 0x3f);
      rig.run(STEP); // BX LR
    }

    assert.deepEqual(order, [18, 19, 17, 16]);
  });

  it('wait while one of the same priority is active', () => {
    const rig = idleRig();
    rig.load(handler(17), [HERE]);
    rig.write(REG.NVIC_ISPR, 2);
    rig.execute(1);
    rig.write(REG.NVIC_ISPR, 1);

    rig.execute(5);

    assert.equal(rig.reg(XPSR) & 0x3f, 17);
    assert.equal((rig.read(REG.ICSR) >>> 12) & 0x1ff, 16);
  });

  it('wait while they are disabled', () => {
    const rig = idleRig();
    rig.write(REG.NVIC_ICER, 1);
    rig.write(REG.NVIC_ISPR, 1);

    rig.execute(5);

    assert.equal(rig.reg(XPSR) & 0x3f, 0);
    assert.equal(rig.read(REG.NVIC_ISER), 0xe);
  });

  it('wait for CPSIE while PRIMASK is set; NMI does not', () => {
    const rig = idleRig([NOP, CPSIE, NOP]);
    rig.setReg(CONTROL_PRIMASK, 1);
    rig.write(REG.NVIC_ISPR, 1);

    rig.run(STEP);
    const masked = rig.reg(15);
    rig.run(STEP);
    rig.run(STEP);
    const unmasked = rig.reg(XPSR) & 0x3f;
    rig.setReg(CONTROL_PRIMASK, 1);
    rig.write(REG.ICSR, 0x80000000);
    rig.run(STEP);

    assert.deepEqual([masked, unmasked, rig.reg(XPSR) & 0x3f], [CODE + 2, 16, 2]);
    assert.equal(rig.readWords(STACK_TOP - 0x20 + 0x18, 1)[0], CODE + 4);
  });
});

describe('SVC', () => {
  it('enters SVCall with the address behind it', () => {
    const rig = idleRig([SVC]);

    rig.run(STEP);

    assert.deepEqual([rig.reg(15), rig.reg(XPSR) & 0x3f], [handler(11), 11]);
    assert.equal(rig.readWords(STACK_TOP - 0x20 + 0x18, 1)[0], CODE + 2);
  });

  it('is a HardFault where SVCall may not preempt', () => {
    const rig = idleRig([SVC]);
    rig.setReg(CONTROL_PRIMASK, 1);

    rig.run(STEP);

    assert.equal(rig.reg(XPSR) & 0x3f, 3);
    assert.equal(rig.readWords(STACK_TOP - 0x20 + 0x18, 1)[0], CODE);
  });
});

describe('PendSV', () => {
  it('runs after the interrupt that asked for it', () => {
    const rig = idleRig();
    rig.write(REG.SHPR3, 0x00c00000);
    rig.writeWords(handler(16) + 8, [REG.ICSR, 0x10000000]);
    rig.load(handler(16), [0x4801, 0x4902, 0x6001, BX_LR]); // ldr r0, =ICSR; ldr r1, =PENDSVSET; str r1, [r0]
    rig.write(REG.NVIC_ISPR, 1);

    rig.execute(4);
    const asked = rig.read(REG.ICSR) & 0x10000000;
    rig.run(STEP);

    assert.equal(asked, 0x10000000);
    assert.equal(rig.reg(XPSR) & 0x3f, 14);
  });
});

describe('a program without Thumb state', () => {
  it('faults on the instruction behind BX to an even address', () => {
    const rig = idleRig([0x4708]); // bx r1
    rig.setReg(1, 0x300);

    rig.run(STEP);
    const between = [rig.reg(15), rig.reg(XPSR) & 0x01000000];
    rig.run(STEP);

    assert.deepEqual(between, [0x300, 0]);
    assert.equal(rig.reg(XPSR) & 0x3f, 3);
    assert.deepEqual(rig.readWords(STACK_TOP - 8, 2), [0x300, 0]);
  });
});

describe('a core in lockup', () => {
  /** A fault in the HardFault handler. */
  function lockedUp(): CoreRig {
    const rig = idleRig([UDF]);
    rig.load(handler(3), [UDF]);
    rig.write(REG.DHCSR, 0xa05f0001);
    rig.core.run(100);
    return rig;
  }

  it('shows S_LOCKUP and executes nothing', () => {
    const rig = lockedUp();

    assert.equal(rig.core.run(100), 0);

    rig.read(REG.DHCSR); // S_RETIRE_ST from before
    assert.equal(rig.read(REG.DHCSR), 0x00090001);
  });

  it('can be halted, with PC at 0xFFFFFFFE, and locks up again when it goes on', () => {
    const rig = lockedUp();
    rig.write(REG.DHCSR, 0xa05f0003);

    const halted = [rig.read(REG.DHCSR) & 0xe0000, rig.reg(15)];
    rig.write(REG.DHCSR, 0xa05f0001);
    rig.core.run(10);

    assert.deepEqual(halted, [0x20000, 0xfffffffe]);
    assert.equal(rig.read(REG.DHCSR) & 0xa0000, 0x80000);
  });

  it('is left by NMI, and returned to', () => {
    const rig = lockedUp();
    rig.load(handler(2), [NOP, BX_LR]);
    rig.write(REG.ICSR, 0x80000000);

    const executed = rig.core.run(1);
    const inNmi = rig.read(REG.ICSR) & 0x1ff;
    rig.core.run(10);

    assert.deepEqual([executed, inNmi], [1, 2]);
    assert.equal(rig.read(REG.DHCSR) & 0x80000, 0x80000);
  });

  it('is left by a reset', () => {
    const rig = lockedUp();
    rig.load(CODE, [HERE]);

    rig.write(REG.AIRCR, 0x05fa0004);

    assert.equal(rig.core.run(10), 10);
    assert.equal(rig.read(REG.DHCSR) & 0x80000, 0);
  });

  it('comes of a main stack outside memory', () => {
    const rig = idleRig([UDF]);
    rig.setReg(MSP, 0x90000000);
    rig.write(REG.DHCSR, 0xa05f0001);

    rig.core.run(100);

    assert.equal(rig.read(REG.DHCSR) & 0x80000, 0x80000);
  });

  it('comes of a reset into a vector table of zeros', () => {
    const rig = idleRig();
    rig.writeWords(0, [STACK_TOP, 0]);
    rig.writeWords(12, [0]);

    rig.write(REG.AIRCR, 0x05fa0004);
    rig.core.run(100);

    assert.equal(rig.read(REG.DHCSR) & 0x80000, 0x80000);
  });
});

describe('a process stack outside memory', () => {
  it('turns an interrupt into HardFault, and leaves it pending', () => {
    const rig = idleRig();
    rig.setReg(PSP, 0x90000000);
    rig.setReg(CONTROL_PRIMASK, 0x02000000);
    rig.write(REG.NVIC_ISPR, 1);

    rig.run(STEP);

    assert.deepEqual([rig.reg(XPSR) & 0x3f, rig.reg(14), rig.reg(13)], [3, 0xfffffffd, STACK_TOP]);
    assert.equal(rig.read(REG.NVIC_ISPR), 1);
  });

  it('leaves SVCall pending, too', () => {
    const rig = idleRig([SVC]);
    rig.setReg(PSP, 0x90000000);
    rig.setReg(CONTROL_PRIMASK, 0x02000000);

    rig.run(STEP);

    assert.equal(rig.reg(XPSR) & 0x3f, 3);
    assert.equal(rig.read(0xe000ed24), 0x8000); // SHCSR.SVCALLPENDED
  });

  it('makes the return to it a HardFault', () => {
    const rig = idleRig([SVC]);
    rig.run(STEP);
    rig.setReg(PSP, 0x90000000);
    rig.setReg(14, 0xfffffffd);

    rig.run(STEP);

    assert.deepEqual([rig.reg(XPSR) & 0x3f, rig.reg(14)], [3, 0xfffffffd]);
  });
});

describe('a sleeping core', () => {
  it('shows S_SLEEP until an interrupt ends WFI', () => {
    const rig = idleRig([WFI, 0x2001, HERE]); // wfi; movs r0, #1
    rig.load(handler(16), [0x2107, BX_LR]);
    rig.write(REG.DHCSR, 0xa05f0001);
    const executed = rig.core.run(100);
    const asleep = [rig.core.sleeping, rig.read(REG.DHCSR) & 0x60000];

    rig.write(REG.NVIC_ISPR, 1);
    rig.core.run(4);
    rig.write(REG.DHCSR, 0xa05f0003);

    assert.deepEqual([executed, ...asleep], [1, true, 0x40000]);
    assert.deepEqual([rig.core.sleeping, rig.reg(0), rig.reg(15)], [false, 1, CODE + 4]);
  });

  it('goes on behind WFI, without taking the interrupt, where PRIMASK masks it', () => {
    const rig = idleRig([WFI, 0x2001, HERE]);
    rig.setReg(CONTROL_PRIMASK, 1);
    rig.write(REG.DHCSR, 0xa05f0001);
    rig.core.run(10);

    rig.write(REG.NVIC_ISPR, 1);
    rig.core.run(1);
    rig.write(REG.DHCSR, 0xa05f0003);

    assert.deepEqual([rig.reg(0), rig.reg(XPSR) & 0x3f], [1, 0]);
  });

  it('stays in WFE where PRIMASK masks the interrupt', () => {
    const rig = idleRig([WFE, HERE]);
    rig.setReg(CONTROL_PRIMASK, 1);
    rig.write(REG.DHCSR, 0xa05f0001);
    rig.core.run(10);

    rig.write(REG.NVIC_ISPR, 1);
    rig.core.run(10);

    assert.equal(rig.core.sleeping, true);
  });

  it('is halted by C_HALT, behind the WFI', () => {
    const rig = idleRig([WFI, NOP]);
    rig.write(REG.DHCSR, 0xa05f0001);
    rig.core.run(10);

    rig.write(REG.DHCSR, 0xa05f0003);

    assert.deepEqual([rig.core.halted, rig.core.sleeping, rig.reg(15)], [true, false, CODE + 2]);
    assert.equal(rig.read(REG.DHCSR) & 0x60000, 0x20000);
  });

  it('does not sleep in WFE after SEV, and once only', () => {
    const rig = idleRig([SEV, WFE, WFE, NOP]);
    rig.write(REG.DHCSR, 0xa05f0001);

    rig.core.run(10);
    const asleep = rig.core.sleeping;
    rig.write(REG.DHCSR, 0xa05f0003);

    assert.deepEqual([asleep, rig.reg(15)], [true, CODE + 6]);
  });

  it('is woken from WFE by a disabled interrupt with SEVONPEND', () => {
    const rig = idleRig([WFE, HERE]);
    rig.write(REG.SCR, 0x10);
    rig.write(REG.NVIC_ICER, 1);
    rig.write(REG.DHCSR, 0xa05f0001);
    rig.core.run(10);
    const asleep = rig.core.sleeping;

    rig.write(REG.NVIC_ISPR, 1);

    assert.deepEqual([asleep, rig.core.run(10)], [true, 10]);
  });

  it('sleeps again on exit from its handler with SLEEPONEXIT', () => {
    const rig = idleRig([HERE]);
    rig.write(REG.SCR, 0x02);
    rig.write(REG.NVIC_ISPR, 1);
    rig.write(REG.DHCSR, 0xa05f0001);

    const executed = rig.core.run(100);

    assert.deepEqual([executed, rig.core.sleeping], [1, true]);
  });

  it('does not sleep on the way back to a handler that was interrupted', () => {
    const rig = idleRig();
    rig.write(REG.SCR, 0x02);
    rig.write(REG.NVIC_IPR0, 0x00004080); // 0: 0x80, 1: 0x40
    rig.load(handler(16), [HERE]);
    rig.write(REG.NVIC_ISPR, 1);
    rig.execute(1);
    rig.write(REG.NVIC_ISPR, 2);
    rig.write(REG.DHCSR, 0xa05f0001);

    const executed = rig.core.run(10);

    assert.deepEqual([executed, rig.core.sleeping], [10, false]);
  });

  it('is woken by SysTick, which goes on counting', () => {
    const rig = idleRig([WFI, 0x3001, 0xe7fc]); // 1: wfi; adds r0, #1; b 1b
    rig.write(REG.SYST_RVR, 99);
    rig.write(REG.SYST_CSR, 7);
    rig.write(REG.DHCSR, 0xa05f0001);

    for (let slice = 0; slice < 10; slice++) rig.core.run(100);
    rig.write(REG.DHCSR, 0xa05f0003);

    assert.equal(rig.reg(0), 9); // the tick at 1000 cycles is pending still
    assert.equal(rig.core.sleeping, false);
  });
});

describe('a step with C_MASKINTS', () => {
  it('stays out of interrupts and PendSV, not out of SVCall', () => {
    const rig = idleRig([NOP, NOP, SVC]);
    rig.write(REG.NVIC_ISPR, 1);
    rig.write(REG.ICSR, 0x10000000);

    rig.run(STEP_MASKED);
    rig.run(STEP_MASKED);
    const masked = [rig.reg(15), rig.reg(XPSR) & 0x3f];
    rig.run(STEP_MASKED);

    assert.deepEqual(masked, [CODE + 4, 0]);
    assert.equal(rig.reg(XPSR) & 0x3f, 11);
  });
});
