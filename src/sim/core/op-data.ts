// Data processing between registers, and the instructions on high registers: DDI 0419 A5.2.2, A5.2.3, A5.2.5.
// Rdn is bits 2:0, Rm bits 5:3.

import type { Cpu } from './cpu.js';
import { PC } from './register-file.js';

export function andRegister(cpu: Cpu, op: number): void {
  cpu.setNz((cpu.r[op & 7] &= cpu.r[(op >>> 3) & 7]));
}

export function eorRegister(cpu: Cpu, op: number): void {
  cpu.setNz((cpu.r[op & 7] ^= cpu.r[(op >>> 3) & 7]));
}

export function orrRegister(cpu: Cpu, op: number): void {
  cpu.setNz((cpu.r[op & 7] |= cpu.r[(op >>> 3) & 7]));
}

export function bicRegister(cpu: Cpu, op: number): void {
  cpu.setNz((cpu.r[op & 7] &= ~cpu.r[(op >>> 3) & 7]));
}

export function mvnRegister(cpu: Cpu, op: number): void {
  cpu.setNz((cpu.r[op & 7] = ~cpu.r[(op >>> 3) & 7]));
}

/** MULS: C and V stay as they are. */
export function mul(cpu: Cpu, op: number): void {
  cpu.setNz((cpu.r[op & 7] = Math.imul(cpu.r[op & 7], cpu.r[(op >>> 3) & 7])));
}

/** LSLS Rdn, Rm: by the low byte of Rm, 0 to 255; by zero the carry stays. */
export function lslRegister(cpu: Cpu, op: number): void {
  const d = op & 7;
  const value = cpu.r[d];
  const count = cpu.r[(op >>> 3) & 7] & 0xff;
  if (count !== 0) {
    cpu.c = count <= 32 && ((value >>> (32 - count)) & 1) !== 0;
    cpu.r[d] = count < 32 ? value << count : 0;
  }
  cpu.setNz(cpu.r[d]);
}

export function lsrRegister(cpu: Cpu, op: number): void {
  const d = op & 7;
  const value = cpu.r[d];
  const count = cpu.r[(op >>> 3) & 7] & 0xff;
  if (count !== 0) {
    cpu.c = count <= 32 && ((value >>> (count - 1)) & 1) !== 0;
    cpu.r[d] = count < 32 ? value >>> count : 0;
  }
  cpu.setNz(cpu.r[d]);
}

export function asrRegister(cpu: Cpu, op: number): void {
  const d = op & 7;
  const value = cpu.r[d];
  const count = cpu.r[(op >>> 3) & 7] & 0xff;
  if (count !== 0) {
    cpu.c = ((value >> Math.min(count - 1, 31)) & 1) !== 0;
    cpu.r[d] = value >> Math.min(count, 31);
  }
  cpu.setNz(cpu.r[d]);
}

/** RORS: by a multiple of 32 the value stays and the carry is its bit 31. */
export function rorRegister(cpu: Cpu, op: number): void {
  const d = op & 7;
  const value = cpu.r[d];
  const count = cpu.r[(op >>> 3) & 7] & 0xff;
  if (count !== 0) {
    cpu.r[d] = (value >>> (count & 31)) | (value << (-count & 31));
    cpu.c = cpu.r[d] < 0;
  }
  cpu.setNz(cpu.r[d]);
}

export function adcRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.addWithCarry(cpu.r[op & 7], cpu.r[(op >>> 3) & 7], cpu.c ? 1 : 0);
}

export function sbcRegister(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.addWithCarry(cpu.r[op & 7], ~cpu.r[(op >>> 3) & 7], cpu.c ? 1 : 0);
}

/** RSBS Rd, Rn, #0. */
export function rsbZero(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.addWithCarry(~cpu.r[(op >>> 3) & 7], 0, 1);
}

export function tstRegister(cpu: Cpu, op: number): void {
  cpu.setNz(cpu.r[op & 7] & cpu.r[(op >>> 3) & 7]);
}

export function cmpRegister(cpu: Cpu, op: number): void {
  cpu.addWithCarry(cpu.r[op & 7], ~cpu.r[(op >>> 3) & 7], 1);
}

export function cmnRegister(cpu: Cpu, op: number): void {
  cpu.addWithCarry(cpu.r[op & 7], cpu.r[(op >>> 3) & 7], 0);
}

/** ADD Rdn, Rm on all registers: flags stay; into PC it is a branch without change of state. */
export function addHigh(cpu: Cpu, op: number): void {
  const d = highRegister(op);
  cpu.set(d, cpu.r[d] + cpu.r[(op >>> 3) & 0xf]);
}

export function cmpHigh(cpu: Cpu, op: number): void {
  cpu.addWithCarry(cpu.r[highRegister(op)], ~cpu.r[(op >>> 3) & 0xf], 1);
}

export function movHigh(cpu: Cpu, op: number): void {
  cpu.set(highRegister(op), cpu.r[(op >>> 3) & 0xf]);
}

export function sxth(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = (cpu.r[(op >>> 3) & 7] << 16) >> 16;
}

export function sxtb(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = (cpu.r[(op >>> 3) & 7] << 24) >> 24;
}

export function uxth(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.r[(op >>> 3) & 7] & 0xffff;
}

export function uxtb(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = cpu.r[(op >>> 3) & 7] & 0xff;
}

export function rev(cpu: Cpu, op: number): void {
  const value = cpu.r[(op >>> 3) & 7];
  cpu.r[op & 7] = swapHalves(swapBytes(value));
}

export function rev16(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = swapBytes(cpu.r[(op >>> 3) & 7]);
}

export function revsh(cpu: Cpu, op: number): void {
  cpu.r[op & 7] = (swapBytes(cpu.r[(op >>> 3) & 7]) << 16) >> 16;
}

/** ADR Rd, label: from the word-aligned PC. */
export function adr(cpu: Cpu, op: number): void {
  cpu.r[(op >>> 8) & 7] = (cpu.r[PC] & ~3) + ((op & 0xff) << 2);
}

/** Bit 7 is the top bit of Rdn. */
function highRegister(op: number): number {
  return ((op >>> 4) & 8) | (op & 7);
}

/** In both halfwords. */
function swapBytes(value: number): number {
  return ((value >>> 8) & 0x00ff00ff) | ((value << 8) & 0xff00ff00);
}

function swapHalves(value: number): number {
  return (value >>> 16) | (value << 16);
}
