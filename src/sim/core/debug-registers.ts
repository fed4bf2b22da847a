import type { Cpu } from './cpu.js';
import { DEMCR, DFSR } from './halting-debug.js';
import { PC } from './register-file.js';

const DHCSR_KEY = 0xa05f;

/** DHCSR, low half read and write, high half as read (DDI 0419 C1.6, DHCSR). */
const DHCSR = {
  C_DEBUGEN: 0x1,
  C_HALT: 0x2,
  C_STEP: 0x4,
  C_MASKINTS: 0x8,
  S_REGRDY: 0x10000,
  S_HALT: 0x20000,
  S_SLEEP: 0x40000,
  S_LOCKUP: 0x80000,
  S_RETIRE_ST: 0x1000000,
  S_RESET_ST: 0x2000000,
} as const;

const DCRSR_WRITE = 0x10000;
const DEMCR_BITS = DEMCR.VC_CORERESET | DEMCR.VC_HARDERR | DEMCR.DWTENA;

/** DFSR, DHCSR, DCRSR, DCRDR and DEMCR: DDI 0419 C1.6. Only a debugger reaches them. */
export class DebugRegisters {
  /** S_RESET_ST and S_RETIRE_ST: sticky until DHCSR is read. */
  resetSeen = true;
  retired = false;
  /** nRESET is asserted. */
  held = false;
  #dcrdr = 0;
  readonly #cpu: Cpu;
  readonly #onDemcr: () => void;

  /** @param onDemcr  DEMCR was written */
  constructor(cpu: Cpu, onDemcr: () => void) {
    this.#cpu = cpu;
    this.#onDemcr = onDemcr;
  }

  /** Power came back. */
  powerUp(): void {
    this.#dcrdr = 0;
  }

  read(offset: number): number {
    const { debug } = this.#cpu;
    switch (offset) {
      case 0xd30:
        return debug.dfsr;
      case 0xdf0:
        return this.#readDhcsr();
      case 0xdf8:
        return this.#dcrdr;
      case 0xdfc:
        return debug.demcr;
      default: // DCRSR is write-only
        return 0;
    }
  }

  write(offset: number, value: number): void {
    const { debug } = this.#cpu;
    switch (offset) {
      case 0xd30:
        debug.dfsr &= ~value;
        break;
      case 0xdf0:
        if (value >>> 16 === DHCSR_KEY) this.#writeDhcsr(value);
        break;
      case 0xdf4:
        // Outside Debug state the transfer does not take place.
        if (!debug.halted) break;
        if ((value & DCRSR_WRITE) !== 0) this.#writeRegister(value & 0x1f, this.#dcrdr);
        else this.#dcrdr = this.#readRegister(value & 0x1f) >>> 0;
        break;
      case 0xdf8:
        this.#dcrdr = value;
        break;
      case 0xdfc:
        debug.demcr = value & DEMCR_BITS;
        this.#onDemcr();
        break;
    }
  }

  #readDhcsr(): number {
    const { debug, sleeping, lockedUp } = this.#cpu;
    // A debug access takes longer than an instruction, so a core that runs has always retired one since the last
    // read, whatever slices the simulation gives it.
    const running = !debug.halted && !this.held && !lockedUp && sleeping === 'no';
    const value =
      DHCSR.S_REGRDY |
      (debug.enabled ? DHCSR.C_DEBUGEN : 0) |
      (debug.haltRequested ? DHCSR.C_HALT : 0) |
      (debug.step ? DHCSR.C_STEP : 0) |
      (debug.maskInterrupts ? DHCSR.C_MASKINTS : 0) |
      (debug.halted ? DHCSR.S_HALT : 0) |
      (sleeping !== 'no' ? DHCSR.S_SLEEP : 0) |
      (lockedUp ? DHCSR.S_LOCKUP : 0) |
      (this.retired || running ? DHCSR.S_RETIRE_ST : 0) |
      (this.resetSeen ? DHCSR.S_RESET_ST : 0);
    this.retired = false;
    this.resetSeen = this.held;
    return value;
  }

  /** The control bits have meaning only together with C_DEBUGEN; without it the core leaves Debug state. */
  #writeDhcsr(value: number): void {
    const { debug, exceptions } = this.#cpu;
    debug.enabled = (value & DHCSR.C_DEBUGEN) !== 0;
    debug.haltRequested = debug.enabled && (value & DHCSR.C_HALT) !== 0;
    debug.step = debug.enabled && (value & DHCSR.C_STEP) !== 0;
    debug.maskInterrupts = debug.enabled && (value & DHCSR.C_MASKINTS) !== 0;
    exceptions.masked = debug.maskInterrupts;
    if (!debug.haltRequested && debug.halted) debug.resume();
    else if (debug.haltRequested && !debug.halted && !this.held) this.#cpu.enterDebug(DFSR.HALTED);
  }

  /** REGSEL of DCRSR (DDI 0419 C1.6, DCRSR); those that Armv6-M does not have read as zero. */
  #readRegister(select: number): number {
    const cpu = this.#cpu;
    if (select < PC) return cpu.r[select];
    switch (select) {
      case 15:
        return cpu.pc;
      case 16:
        return cpu.xpsr;
      case 17:
        return cpu.msp;
      case 18:
        return cpu.psp;
      case 20:
        return (cpu.control << 24) | (cpu.primask ? 1 : 0);
      default:
        return 0;
    }
  }

  #writeRegister(select: number, value: number): void {
    const cpu = this.#cpu;
    switch (select) {
      case 16:
        cpu.xpsr = value;
        break;
      case 17:
        cpu.msp = value;
        break;
      case 18:
        cpu.psp = value;
        break;
      case 20:
        cpu.primask = (value & 1) !== 0;
        cpu.control = value >>> 24;
        break;
      default:
        if (select <= PC) cpu.set(select, value);
    }
    cpu.exceptions.recheck = true; // xPSR.T, IPSR and PRIMASK decide what runs next
  }
}
