// Hints, CPS, SVC, BKPT and the 32-bit instructions: DDI 0419 A5.2.5, A5.2.6, A5.3.

import type { Cpu } from './cpu.js';
import { branchLink, undefinedInstruction } from './op-branch.js';
import { SP } from './register-file.js';

export function svc(cpu: Cpu): void {
  cpu.supervisorCall();
}

export function bkpt(cpu: Cpu): void {
  cpu.breakpoint();
}

/** CPSIE i and CPSID i: 1011 0110 011 im 0010. */
export function cps(cpu: Cpu, op: number): void {
  if ((op & 0xffef) !== 0xb662) undefinedInstruction(cpu, op);
  setPrimask(cpu, (op & 0x10) !== 0);
}

/** Bits 7:4 say which; a mask in bits 3:0 would be IT, which Armv6-M does not have. */
export function hint(cpu: Cpu, op: number): void {
  if ((op & 0xf) !== 0) undefinedInstruction(cpu, op);
  switch ((op >>> 4) & 0xf) {
    case 2:
      cpu.waitForEvent();
      break;
    case 3:
      cpu.waitForInterrupt();
      break;
    case 4:
      cpu.exceptions.event = true; // SEV
      break;
    default: // NOP, YIELD, and the unallocated ones, which are NOPs too
      break;
  }
}

/** First halfword 11110...: the second one decides (DDI 0419 A5.3.1). */
export function branchAndMiscellaneous(cpu: Cpu, op: number): void {
  const op2 = cpu.memory.fetch(cpu.pc);
  cpu.pc = (cpu.pc + 2) >>> 0;
  if ((op2 & 0xd000) === 0xd000) branchLink(cpu, op, op2);
  else if ((op & 0xffe0) === 0xf380 && (op2 & 0xd000) === 0x8000) msr(cpu, op, op2);
  else if ((op & 0xffe0) === 0xf3e0 && (op2 & 0xd000) === 0x8000) mrs(cpu, op2);
  // DSB, DMB, ISB: memory is strongly ordered here, so there is nothing to wait for.
  else if ((op & 0xfff0) === 0xf3b0 && (op2 & 0xd000) === 0x8000 && isBarrier((op2 >>> 4) & 0xf)) return;
  else undefinedInstruction(cpu, op); // with UDF.W among them
}

function isBarrier(option: number): boolean {
  return option >= 4 && option <= 6;
}

/** MSR special, Rn: SYSm is bits 7:0 of the second halfword (DDI 0419 B4.2.3). */
function msr(cpu: Cpu, op: number, op2: number): void {
  const value = cpu.r[op & 0xf];
  switch (op2 & 0xff) {
    case 0: // APSR, IAPSR, EAPSR, XPSR: only the flags can be written
    case 1:
    case 2:
    case 3:
      cpu.apsr = value;
      break;
    case 8:
      cpu.msp = value;
      break;
    case 9:
      cpu.psp = value;
      break;
    case 16:
      setPrimask(cpu, (value & 1) !== 0);
      break;
    case 20:
      cpu.control = value;
      break;
    default: // IPSR, EPSR, IEPSR are read-only; the others are UNPREDICTABLE
      break;
  }
}

/** MRS Rd, special: EPSR reads as zero (DDI 0419 B4.2.2). */
function mrs(cpu: Cpu, op2: number): void {
  const d = (op2 >>> 8) & 0xf;
  if (d < SP || d === SP + 1) cpu.r[d] = readSpecial(cpu, op2 & 0xff);
}

function readSpecial(cpu: Cpu, sysm: number): number {
  switch (sysm) {
    case 0:
    case 2:
      return cpu.apsr;
    case 1:
    case 3:
      return cpu.apsr | cpu.exceptionNumber;
    case 5:
    case 7:
      return cpu.exceptionNumber;
    case 8:
      return cpu.msp;
    case 9:
      return cpu.psp;
    case 16:
      return cpu.primask ? 1 : 0;
    case 20:
      return cpu.control;
    default:
      return 0;
  }
}

/** Clearing it may let an exception in. */
function setPrimask(cpu: Cpu, masked: boolean): void {
  cpu.primask = masked;
  cpu.exceptions.recheck = true;
}
