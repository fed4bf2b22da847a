import assert from 'node:assert/strict';

import { CODE, CoreRig, REG, XPSR } from './core-rig.js';

const HERE = 0xe7fe;

function rigWith(code: readonly number[]): CoreRig {
  const rig = new CoreRig();
  rig.load(CODE, code);
  return rig;
}

describe('identification', () => {
  it('is that of a Cortex-M0+', () => {
    const rig = new CoreRig();

    assert.equal(rig.read(REG.CPUID), 0x410cc601);
    assert.equal(rig.read(REG.CCR), 0x208);
  });

  // DDI 0484, CoreSight identification of SCS, DWT and BPU
  for (const [block, base, pidr0] of [
    ['SCS', 0xe000e000, 0x08],
    ['DWT', 0xe0001000, 0x0a],
    ['BPU', 0xe0002000, 0x0b],
  ] as const) {
    it(`of the ${block} has part number ${pidr0}, designer Arm and class E`, () => {
      const rig = new CoreRig();
      const words = Array.from({ length: 12 }, (_, i) => rig.read(base + 0xfd0 + 4 * i));

      assert.deepEqual(words, [0x04, 0, 0, 0, pidr0, 0xb0, 0x0b, 0, 0x0d, 0xe0, 0x05, 0xb1]);
    });
  }
});

describe('SysTick', () => {
  it('counts instructions down, and reloads on the one behind zero', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.SYST_RVR, 3);
    rig.write(REG.SYST_CSR, 1);

    const values = Array.from({ length: 6 }, () => {
      rig.execute(1);
      return rig.read(REG.SYST_CVR);
    });

    assert.deepEqual(values, [3, 2, 1, 0, 3, 2]);
  });

  it('sets COUNTFLAG at zero, which the program clears by reading it and a debugger does not', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.SYST_RVR, 1);
    rig.write(REG.SYST_CSR, 1);
    rig.execute(2);

    const reads = [true, true, false, true].map((byDebugger) => rig.core.readPpb(REG.SYST_CSR, byDebugger));

    assert.deepEqual(reads, [0x10005, 0x10005, 0x10005, 0x5]);
  });

  it('interrupts with TICKINT once each period of RVR + 1 cycles', () => {
    const rig = rigWith([HERE]);
    rig.load(0x800 + 0x10 * 15, [0x3401, 0x4770]); // adds r4, #1; bx lr
    rig.write(REG.SYST_RVR, 9);
    rig.write(REG.SYST_CSR, 3);

    rig.execute(1000);

    assert.equal(rig.reg(4), 99); // the hundredth is pending
    assert.equal(rig.read(REG.ICSR) & 0x04000000, 0x04000000);
  });

  it('counts a whole period from zero also while the core sleeps', () => {
    const rig = rigWith([0xbf30, HERE]); // wfi
    rig.write(REG.DHCSR, 0xa05f0001);
    rig.core.run(5);
    rig.write(REG.SYST_RVR, 9);
    rig.write(REG.SYST_CSR, 3);

    const pending = [9, 1].map((cycles) => {
      rig.core.run(cycles);
      return rig.read(REG.ICSR) & 0x04000000;
    });

    assert.deepEqual(pending, [0, 0x04000000]);
  });

  it('is cleared by any write to its value, without an interrupt', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.SYST_RVR, 0xffffffff);
    rig.write(REG.SYST_CSR, 3);
    rig.execute(5);

    rig.write(REG.SYST_CVR, 0x1234);

    assert.deepEqual([rig.read(REG.SYST_RVR), rig.read(REG.SYST_CVR)], [0xffffff, 0]);
    assert.equal(rig.read(REG.ICSR) & 0x04000000, 0);
  });
});

describe('NVIC registers', () => {
  it('set and clear by ones', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.NVIC_ISER, 0x80000001);
    rig.write(REG.NVIC_ISPR, 0x00000006);
    rig.write(REG.NVIC_ICPR, 0x00000002);
    rig.write(REG.NVIC_ICER, 0x00000001);

    assert.deepEqual(
      [REG.NVIC_ISER, REG.NVIC_ICER].map((a) => rig.read(a)),
      [0x80000000, 0x80000000],
    );
    assert.deepEqual(
      [REG.NVIC_ISPR, REG.NVIC_ICPR].map((a) => rig.read(a)),
      [0x4, 0x4],
    );
  });

  it('keep the upper two bits of each priority', () => {
    const rig = rigWith([HERE]);

    rig.write(REG.NVIC_IPR0 + 28, 0xff7f3f80);
    rig.write(REG.SHPR2, 0xffffffff);
    rig.write(REG.SHPR3, 0xffffffff);

    assert.equal(rig.read(REG.NVIC_IPR0 + 28), 0xc0400080);
    assert.deepEqual([rig.read(REG.SHPR2), rig.read(REG.SHPR3)], [0xc0000000, 0xc0c00000]);
  });
});

describe('ICSR', () => {
  it('tells what is active and what is pending', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.NVIC_ISER, 0x3);
    rig.load(0x800 + 0x10 * 16, [HERE]);
    rig.write(REG.NVIC_ISPR, 0x1);
    rig.execute(1);
    rig.write(REG.NVIC_ISPR, 0x2);

    assert.equal(rig.read(REG.ICSR), 0x00411010); // ISRPENDING, VECTPENDING 17, VECTACTIVE 16
    assert.equal(rig.core.readPpb(REG.ICSR, false), 0x00011010);
  });

  it('tells of a pending interrupt also where another exception comes first, or it is disabled', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.NVIC_ISPR, 0x4);
    const disabled = rig.read(REG.ICSR);

    rig.write(REG.ICSR, 0x10000000); // PendSV

    assert.deepEqual([disabled, rig.read(REG.ICSR)], [0x00400000, 0x10c0e000]); // ISRPENDING; then PendSV preempts
  });

  it('takes back PendSV and SysTick', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.ICSR, 0x14000000);
    const set = rig.read(REG.ICSR) & 0x14000000;

    rig.write(REG.ICSR, 0x0a000000);

    assert.deepEqual([set, rig.read(REG.ICSR) & 0x14000000], [0x14000000, 0]);
  });
});

describe('VTOR', () => {
  it('holds bits 31:8', () => {
    const rig = rigWith([HERE]);

    rig.write(REG.VTOR, 0x200001ff);

    assert.equal(rig.read(REG.VTOR), 0x20000100);
  });
});

describe('VECTCLRACTIVE', () => {
  it('takes a halted core out of its handlers', () => {
    const rig = rigWith([HERE]);
    rig.write(REG.ICSR, 0x80000000);
    rig.run(0xa05f0005);
    const before = rig.reg(XPSR) & 0x3f;

    rig.write(REG.AIRCR, 0x05fa0002);

    assert.deepEqual([before, rig.reg(XPSR) & 0x3f], [2, 0]);
    assert.equal(rig.read(REG.ICSR) & 0x1ff, 0);
  });
});
