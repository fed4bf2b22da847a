// Shift (immediate), add, subtract, move and compare: DDI 0419 A5.2.1. Rd is bits 2:0 or 10:8, Rn and Rm bits 5:3,
// the third operand bits 8:6.

import type { Cpu } from './cpu.js';

/** LSLS Rd, Rm, #imm5; a shift by zero is MOVS Rd, Rm and keeps the carry. */
export function lslImmediate(cpu: Cpu, op: number): void {
  const value = cpu.r[(op >>> 3) & 7];
  const count = (op >>> 6) & 0x1f;
  if (count !== 0) cpu.c = ((value >>> (32 - count)) & 1) !== 0;
  cpu.setNz((cpu.r[op & 7] = value << count));
}

/** LSRS Rd, Rm, #imm5; zero stands for 32. */
export function lsrImmediate(cpu: Cpu, op: number): void {
  const value = cpu.r[(op >>> 3) & 7];
  const count = (op >>> 6) & 0x1f || 32;
  cpu.c = ((value >>> (count - 1)) & 1) !== 0;
  cpu.setNz((cpu.r[op & 7] = count === 32 ? 0 : value >>> count) | 0);
}

/** ASRS Rd, Rm, #imm5; zero stands for 32. */
export function asrImmediate(cpu: Cpu, op: number): void {
  const value = cpu.r[(op >>> 3) & 7];
  const count = (op >>> 6) & 0x1f || 32;
  cpu.c = ((value >> (count - 1)) & 1) !== 0;
  cpu.setNz((cpu.r[op & 7] = value >> Math.min(count, 31)));
}

export function addRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.addWithCarry(cpu.r[(op >>> 3) & 7], cpu.r[(op >>> 6) & 7], 0);
}

export function subRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.addWithCarry(cpu.r[(op >>> 3) & 7], ~cpu.r[(op >>> 6) & 7], 1);
}

export function addImmediate3(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.addWithCarry(cpu.r[(op >>> 3) & 7], (op >>> 6) & 7, 0);
}

export function subImmediate3(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.addWithCarry(cpu.r[(op >>> 3) & 7], ~((op >>> 6) & 7), 1);
}

export function movImmediate(cpu: Cpu, op: number): void {
  cpu.setNz((cpu.r[(op >>> 8) & 7] = op & 0xff));
}

export function cmpImmediate(cpu: Cpu, op: number): void {
  cpu.addWithCarry(cpu.r[(op >>> 8) & 7], ~(op & 0xff), 1);
}

export function addImmediate8(cpu: Cpu, op: number): void {
  const d = (op >>> 8) & 7;
  cpu.r[d] = cpu.addWithCarry(cpu.r[d], op & 0xff, 0);
}

export function subImmediate8(cpu: Cpu, op: number): void {
  const d = (op >>> 8) & 7;
  cpu.r[d] = cpu.addWithCarry(cpu.r[d], ~(op & 0xff), 1);
}
