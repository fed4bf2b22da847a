// Loads and stores: DDI 0419 A5.2.4, A5.2 (literal), A5.2.5 (PUSH, POP) and LDM, STM. A load writes its registers only
// when every access of it succeeded, so that a faulting instruction can be run again.

import type { Cpu } from './cpu.js';
import { InstructionFault } from './instruction-fault.js';
import { LR, PC, SP } from './register-file.js';

// Register offset: Rt bits 2:0, Rn bits 5:3, Rm bits 8:6.
function registerAddress(cpu: Cpu, op: number): number {
  return cpu.r[(op >>> 3) & 7] + cpu.r[(op >>> 6) & 7];
}

export function strRegister(cpu: Cpu, op: number): void {
  cpu.memory.store32(registerAddress(cpu, op), cpu.r[op & 7]);
}

export function strhRegister(cpu: Cpu, op: number): void {
  cpu.memory.store16(registerAddress(cpu, op), cpu.r[op & 7]);
}

export function strbRegister(cpu: Cpu, op: number): void {
  cpu.memory.store8(registerAddress(cpu, op), cpu.r[op & 7]);
}

export function ldrsbRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = (cpu.memory.load8(registerAddress(cpu, op)) << 24) >> 24;
}

export function ldrRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.memory.load32(registerAddress(cpu, op));
}

export function ldrhRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.memory.load16(registerAddress(cpu, op));
}

export function ldrbRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.memory.load8(registerAddress(cpu, op));
}

export function ldrshRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = (cpu.memory.load16(registerAddress(cpu, op)) << 16) >> 16;
}

// Immediate offset: Rt bits 2:0, Rn bits 5:3, imm5 bits 10:6 in units of the access.
function immediateAddress(cpu: Cpu, op: number, shift: number): number {
  return cpu.r[(op >>> 3) & 7] + (((op >>> 6) & 0x1f) << shift);
}

export function strImmediate(cpu: Cpu, op: number): void {
  cpu.memory.store32(immediateAddress(cpu, op, 2), cpu.r[op & 7]);
}

export function ldrImmediate(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.memory.load32(immediateAddress(cpu, op, 2));
}

export function strbImmediate(cpu: Cpu, op: number): void {
  cpu.memory.store8(immediateAddress(cpu, op, 0), cpu.r[op & 7]);
}

export function ldrbImmediate(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.memory.load8(immediateAddress(cpu, op, 0));
}

export function strhImmediate(cpu: Cpu, op: number): void {
  cpu.memory.store16(immediateAddress(cpu, op, 1), cpu.r[op & 7]);
}

export function ldrhImmediate(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.memory.load16(immediateAddress(cpu, op, 1));
}

// Rt bits 10:8, imm8 in words, from SP or the word-aligned PC.

export function strSp(cpu: Cpu, op: number): void {
  cpu.memory.store32(cpu.r[SP] + ((op & 0xff) << 2), cpu.r[(op >>> 8) & 7]);
}

export function ldrSp(cpu: Cpu, op: number): void {
  cpu.r[(op >>> 8) & 7] = cpu.memory.load32(cpu.r[SP] + ((op & 0xff) << 2));
}

export function ldrLiteral(cpu: Cpu, op: number): void {
  cpu.r[(op >>> 8) & 7] = cpu.memory.load32((cpu.r[PC] & ~3) + ((op & 0xff) << 2));
}

export function addRdSp(cpu: Cpu, op: number): void {
  cpu.r[(op >>> 8) & 7] = cpu.r[SP] + ((op & 0xff) << 2);
}

/** ADD SP, SP, #imm7. */
export function addSp(cpu: Cpu, op: number): void {
  cpu.r[SP] += (op & 0x7f) << 2;
}

/** SUB SP, SP, #imm7. */
export function subSp(cpu: Cpu, op: number): void {
  cpu.r[SP] -= (op & 0x7f) << 2;
}

/** PUSH: bit 8 is LR; the lowest register at the lowest address. */
export function push(cpu: Cpu, op: number): void {
  const { r } = cpu;
  const bottom = r[SP] - 4 * countRegisters(op & 0x1ff);
  const above = storeLowRegisters(cpu, op, bottom);
  if ((op & 0x100) !== 0) cpu.memory.store32(above, r[LR]);
  r[SP] = bottom;
}

/** POP: bit 8 is PC, which may be an exception return, so it comes last. */
export function pop(cpu: Cpu, op: number): void {
  const { r } = cpu;
  const base = r[SP];
  const count = countRegisters(op & 0x1ff);
  const target = (op & 0x100) !== 0 ? cpu.memory.load32(base + 4 * (count - 1)) : 0;
  loadLowRegisters(cpu, op, base);
  r[SP] = base + 4 * count;
  if ((op & 0x100) !== 0) cpu.branchExchange(target);
}

/** STMIA Rn!: Rn in bits 10:8. If it is in the list it is stored as it was before. */
export function stm(cpu: Cpu, op: number): void {
  const n = (op >>> 8) & 7;
  const count = countRegisters(op & 0xff);
  const base = cpu.r[n];
  storeLowRegisters(cpu, op, base);
  cpu.r[n] = base + 4 * count;
}

/** LDMIA Rn{!}: the base is written back unless it is in the list. */
export function ldm(cpu: Cpu, op: number): void {
  const n = (op >>> 8) & 7;
  const count = countRegisters(op & 0xff);
  const base = cpu.r[n];
  loadLowRegisters(cpu, op, base);
  if ((op & (1 << n)) === 0) cpu.r[n] = base + 4 * count;
}

/** An empty list is UNPREDICTABLE; here it is undefined. */
function countRegisters(list: number): number {
  if (list === 0) throw new InstructionFault('empty register list');
  let count = 0;
  for (let rest = list; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** @returns the address above the last register */
function storeLowRegisters(cpu: Cpu, op: number, base: number): number {
  let address = base;
  for (let i = 0; i < 8; i++) {
    if ((op & (1 << i)) === 0) continue;
    cpu.memory.store32(address, cpu.r[i]);
    address += 4;
  }
  return address;
}

function loadLowRegisters(cpu: Cpu, op: number, base: number): void {
  const loaded = cpu.loadBuffer;
  let address = base;
  for (let i = 0; i < 8; i++) {
    if ((op & (1 << i)) === 0) continue;
    loaded[i] = cpu.memory.load32(address);
    address += 4;
  }
  for (let i = 0; i < 8; i++) {
    if ((op & (1 << i)) !== 0) cpu.r[i] = loaded[i];
  }
}
