import type { BitString } from './bit-string.js';

/** SWD: ones in a row that make a line reset (IHI 0031 B4.3.3). */
export const LINE_RESET_CLOCKS = 50;

const LINE_RESET = '1'.repeat(LINE_RESET_CLOCKS);

/** Whether a sequence on SWDIO resets the line, by itself. Whoever answers after it has been reset, or was before. */
export function resetsLine({ bits }: BitString): boolean {
  return bits.toString(2).includes(LINE_RESET);
}
