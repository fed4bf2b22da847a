import { bitString } from '../dap/bit-string.js';
import type { SwdSequence } from './probe.js';

/**
 * A write of TARGETSEL. No DP acknowledges it, which a transfer takes for an error, so it is made of pieces
 * (IHI 0031 B4.3.4).
 */
export function targetSelPieces(value: number): readonly SwdSequence[] {
  return [
    { direction: 'output', sequence: bitString(8, 0x99) }, // start, DP, write, A[3:2] = 3, parity, stop, park
    { direction: 'input', lengthBits: 5 }, // turnaround, an ACK that nobody drives, turnaround
    { direction: 'output', sequence: bitString(33, withParity(value)) },
    { direction: 'output', sequence: bitString(IDLE_CYCLES, 0) },
  ];
}

const IDLE_CYCLES = 2;

/** 32 bits of data and their parity, as they go over SWD. */
export function withParity(value: number): bigint {
  return BigInt(value >>> 0) | (BigInt(parity(value)) << 32n);
}

/** Even parity of 32 bits, as SWD has it (IHI 0031 B4.1.6). */
function parity(value: number): number {
  let bits = value ^ (value >>> 16);
  bits ^= bits >>> 8;
  bits ^= bits >>> 4;
  return (0x6996 >>> (bits & 0xf)) & 1;
}
