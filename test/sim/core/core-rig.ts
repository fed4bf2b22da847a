// A bare core with memory, for the tests of this folder: flash at 0, RAM at 0x20000000, nothing else.

import { BusFault } from '../../../src/sim/core/bus-fault.js';
import { CortexM0 } from '../../../src/sim/core/cortex-m0.js';
import type { CoreBus } from '../../../src/sim/core/cortex-m0.js';

export const RAM = 0x20000000;
const SIZE = 0x10000;
export const STACK_TOP = 0x20001000;
/** Where `load` puts code, behind the vector table. */
export const CODE = 0x100;
/** Handlers of exception n start at HANDLERS + 0x10 * n. */
export const HANDLERS = 0x800;

/** Addresses of debug registers. */
export const REG = {
  SYST_CSR: 0xe000e010,
  SYST_RVR: 0xe000e014,
  SYST_CVR: 0xe000e018,
  NVIC_ISER: 0xe000e100,
  NVIC_ICER: 0xe000e180,
  NVIC_ISPR: 0xe000e200,
  NVIC_ICPR: 0xe000e280,
  NVIC_IPR0: 0xe000e400,
  CPUID: 0xe000ed00,
  ICSR: 0xe000ed04,
  VTOR: 0xe000ed08,
  AIRCR: 0xe000ed0c,
  SCR: 0xe000ed10,
  CCR: 0xe000ed14,
  SHPR2: 0xe000ed1c,
  SHPR3: 0xe000ed20,
  DFSR: 0xe000ed30,
  DHCSR: 0xe000edf0,
  DCRSR: 0xe000edf4,
  DCRDR: 0xe000edf8,
  DEMCR: 0xe000edfc,
  DWT_CTRL: 0xe0001000,
  DWT_PCSR: 0xe000101c,
  DWT_COMP0: 0xe0001020,
  DWT_MASK0: 0xe0001024,
  DWT_FUNCTION0: 0xe0001028,
  BP_CTRL: 0xe0002000,
  BP_COMP0: 0xe0002008,
} as const;

/** Values for DHCSR, key included. */
export const GO = 0xa05f0001;
export const HALT = 0xa05f0003;
export const STEP = 0xa05f0005;
export const STEP_MASKED = 0xa05f000d;

/** REGSEL of DCRSR behind R0-R15. */
export const XPSR = 16;
export const MSP = 17;
export const PSP = 18;
export const CONTROL_PRIMASK = 20;

class FlatMemory implements CoreBus {
  readonly #flash = new DataView(new ArrayBuffer(SIZE));
  readonly #ram = new DataView(new ArrayBuffer(SIZE));

  read(address: number, sizeBytes: 1 | 2 | 4): number {
    const view = this.#at(address);
    const offset = address & (SIZE - 1);
    if (sizeBytes === 4) return view.getUint32(offset, true);
    return sizeBytes === 2 ? view.getUint16(offset, true) : view.getUint8(offset);
  }

  write(address: number, sizeBytes: 1 | 2 | 4, value: number): void {
    const view = this.#at(address);
    const offset = address & (SIZE - 1);
    if (sizeBytes === 4) view.setUint32(offset, value, true);
    else if (sizeBytes === 2) view.setUint16(offset, value, true);
    else view.setUint8(offset, value);
  }

  #at(address: number): DataView {
    if (address < SIZE) return this.#flash;
    if (address >= RAM && address < RAM + SIZE) return this.#ram;
    throw new BusFault(address);
  }
}

/** A core out of reset, halted before its first instruction, with a debugger attached. */
export class CoreRig {
  readonly memory = new FlatMemory();
  systemResets = 0;
  readonly core: CortexM0 = new CortexM0(this.memory, {
    onSystemReset: () => {
      this.systemResets++;
      this.core.reset();
    },
  });

  constructor() {
    this.writeWords(0, [STACK_TOP, CODE | 1]);
    for (let n = 2; n < 48; n++) this.writeWords(4 * n, [(HANDLERS + 0x10 * n) | 1]);
    for (let n = 2; n < 48; n++) this.load(HANDLERS + 0x10 * n, [0x4770]); // BX LR
    this.core.reset();
    this.write(REG.DHCSR, HALT);
    this.read(REG.DHCSR);
    this.write(REG.DFSR, 0x1f);
  }

  /** Puts halfwords at `address`. */
  load(address: number, halfwords: readonly number[]): void {
    halfwords.forEach((halfword, i) => this.memory.write(address + 2 * i, 2, halfword));
  }

  writeWords(address: number, words: readonly number[]): void {
    words.forEach((word, i) => this.memory.write(address + 4 * i, 4, word));
  }

  readWords(address: number, count: number): number[] {
    return Array.from({ length: count }, (_, i) => this.memory.read(address + 4 * i, 4));
  }

  /** As the debugger. */
  read(address: number): number {
    return this.core.readPpb(address, true);
  }

  write(address: number, value: number): void {
    this.core.writePpb(address, value, true);
  }

  reg(select: number): number {
    this.write(REG.DCRSR, select);
    return this.read(REG.DCRDR);
  }

  setReg(select: number, value: number): void {
    this.write(REG.DCRDR, value);
    this.write(REG.DCRSR, 0x10000 | select);
  }

  /** Writes DHCSR, then lets the core execute. Returns DFSR, which it clears. */
  run(dhcsr: number = GO, instructions = 1000): number {
    this.write(REG.DHCSR, dhcsr);
    this.core.run(instructions);
    return this.takeDfsr();
  }

  /** Lets it execute exactly `instructions`, then halts it. */
  execute(instructions: number): void {
    this.write(REG.DHCSR, GO);
    this.core.run(instructions);
    this.write(REG.DHCSR, HALT);
    this.takeDfsr();
  }

  takeDfsr(): number {
    const dfsr = this.read(REG.DFSR);
    this.write(REG.DFSR, dfsr);
    return dfsr;
  }
}
