import type { Cpu } from './cpu.js';
import * as arithmetic from './op-arithmetic.js';
import * as branches from './op-branch.js';
import * as data from './op-data.js';
import * as memory from './op-memory.js';
import * as system from './op-system.js';

/** Executes one instruction: `cpu.pc` is already behind its first halfword, `op`. */
export type Instruction = (cpu: Cpu, op: number) => void;

/** Bits 15:6 of an encoding, or as many of them as matter; no two rows overlap (DDI 0419 A5.2). */
const encodings: readonly (readonly [string, Instruction])[] = [
  ['00000', arithmetic.lslImmediate],
  ['00001', arithmetic.lsrImmediate],
  ['00010', arithmetic.asrImmediate],
  ['0001100', arithmetic.addRegister],
  ['0001101', arithmetic.subRegister],
  ['0001110', arithmetic.addImmediate3],
  ['0001111', arithmetic.subImmediate3],
  ['00100', arithmetic.movImmediate],
  ['00101', arithmetic.cmpImmediate],
  ['00110', arithmetic.addImmediate8],
  ['00111', arithmetic.subImmediate8],

  ['0100000000', data.andRegister],
  ['0100000001', data.eorRegister],
  ['0100000010', data.lslRegister],
  ['0100000011', data.lsrRegister],
  ['0100000100', data.asrRegister],
  ['0100000101', data.adcRegister],
  ['0100000110', data.sbcRegister],
  ['0100000111', data.rorRegister],
  ['0100001000', data.tstRegister],
  ['0100001001', data.rsbZero],
  ['0100001010', data.cmpRegister],
  ['0100001011', data.cmnRegister],
  ['0100001100', data.orrRegister],
  ['0100001101', data.mul],
  ['0100001110', data.bicRegister],
  ['0100001111', data.mvnRegister],

  ['01000100', data.addHigh],
  ['01000101', data.cmpHigh],
  ['01000110', data.movHigh],
  ['010001110', branches.bx],
  ['010001111', branches.blx],
  ['01001', memory.ldrLiteral],

  ['0101000', memory.strRegister],
  ['0101001', memory.strhRegister],
  ['0101010', memory.strbRegister],
  ['0101011', memory.ldrsbRegister],
  ['0101100', memory.ldrRegister],
  ['0101101', memory.ldrhRegister],
  ['0101110', memory.ldrbRegister],
  ['0101111', memory.ldrshRegister],
  ['01100', memory.strImmediate],
  ['01101', memory.ldrImmediate],
  ['01110', memory.strbImmediate],
  ['01111', memory.ldrbImmediate],
  ['10000', memory.strhImmediate],
  ['10001', memory.ldrhImmediate],
  ['10010', memory.strSp],
  ['10011', memory.ldrSp],
  ['10100', data.adr],
  ['10101', memory.addRdSp],

  ['101100000', memory.addSp],
  ['101100001', memory.subSp],
  ['1011001000', data.sxth],
  ['1011001001', data.sxtb],
  ['1011001010', data.uxth],
  ['1011001011', data.uxtb],
  ['1011010', memory.push],
  ['1011011001', system.cps],
  ['1011101000', data.rev],
  ['1011101001', data.rev16],
  ['1011101011', data.revsh],
  ['1011110', memory.pop],
  ['10111110', system.bkpt],
  ['10111111', system.hint],
  ['11000', memory.stm],
  ['11001', memory.ldm],

  ['11010000', branches.branchIf((cpu) => cpu.z)],
  ['11010001', branches.branchIf((cpu) => !cpu.z)],
  ['11010010', branches.branchIf((cpu) => cpu.c)],
  ['11010011', branches.branchIf((cpu) => !cpu.c)],
  ['11010100', branches.branchIf((cpu) => cpu.n)],
  ['11010101', branches.branchIf((cpu) => !cpu.n)],
  ['11010110', branches.branchIf((cpu) => cpu.v)],
  ['11010111', branches.branchIf((cpu) => !cpu.v)],
  ['11011000', branches.branchIf((cpu) => cpu.c && !cpu.z)],
  ['11011001', branches.branchIf((cpu) => !cpu.c || cpu.z)],
  ['11011010', branches.branchIf((cpu) => cpu.n === cpu.v)],
  ['11011011', branches.branchIf((cpu) => cpu.n !== cpu.v)],
  ['11011100', branches.branchIf((cpu) => !cpu.z && cpu.n === cpu.v)],
  ['11011101', branches.branchIf((cpu) => cpu.z || cpu.n !== cpu.v)],
  ['11011111', system.svc],
  ['11100', branches.branch],
  ['11110', system.branchAndMiscellaneous],
];

/**
 * What executes an instruction, by bits 15:6 of its first halfword; `undefinedInstruction` where Armv6-M has none
 * (CBZ, IT, the Armv7-M part of the 32-bit space, UDF).
 */
export const instructionTable: readonly Instruction[] = Array.from({ length: 1024 }, (_, index) => {
  const bits = index.toString(2).padStart(10, '0');
  return encodings.find(([prefix]) => bits.startsWith(prefix))?.[1] ?? branches.undefinedInstruction;
});
