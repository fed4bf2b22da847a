// Branches: DDI 0419 A5.2.3, A5.2.6, A5.3.1.

import type { Cpu } from './cpu.js';
import { InstructionFault } from './instruction-fault.js';
import { LR, PC } from './register-file.js';

/** B<cond>: one function for each condition, bits 11:8 (DDI 0419 A6.3). */
export function branchIf(condition: (cpu: Cpu) => boolean): (cpu: Cpu, op: number) => void {
  return (cpu, op) => {
    if (condition(cpu)) cpu.pc = (cpu.r[PC] + ((op << 24) >> 23)) >>> 0;
  };
}

export function branch(cpu: Cpu, op: number): void {
  cpu.pc = (cpu.r[PC] + ((op << 21) >> 20)) >>> 0;
}

/** BX Rm. */
export function bx(cpu: Cpu, op: number): void {
  cpu.branchExchange(cpu.r[(op >>> 3) & 0xf]);
}

/** BLX Rm. */
export function blx(cpu: Cpu, op: number): void {
  const target = cpu.r[(op >>> 3) & 0xf];
  cpu.r[LR] = cpu.pc | 1;
  cpu.branchLinkExchange(target);
}

/** BL: a signed 25-bit offset in halfwords S:I1:I2:imm10:imm11, where I1 = NOT(J1 EOR S), I2 = NOT(J2 EOR S). */
export function branchLink(cpu: Cpu, op: number, op2: number): void {
  const sign = (op << 21) >> 31;
  const i1 = ~((op2 >>> 13) ^ sign) & 1;
  const i2 = ~((op2 >>> 11) ^ sign) & 1;
  const offset = (sign << 24) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((op2 & 0x7ff) << 1);
  cpu.r[LR] = cpu.pc | 1;
  cpu.pc = (cpu.r[PC] + offset) >>> 0;
}

export function undefinedInstruction(cpu: Cpu, op: number): never {
  throw new InstructionFault(`undefined instruction 0x${op.toString(16)} at 0x${cpu.current.toString(16)}`);
}
