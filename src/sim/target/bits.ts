/** Odd when `word` has an odd number of ones: the parity bit of SWD (IHI 0031 B4.1.6). */
export function parity32(word: number): 0 | 1 {
  let bits = word ^ (word >>> 16);
  bits ^= bits >>> 8;
  bits ^= bits >>> 4;
  return ((0x6996 >>> (bits & 0xf)) & 1) === 1 ? 1 : 0;
}

/** One line level. */
export type Bit = 0 | 1;

/** Bit `index` of a word or of bytes, least significant first. */
export function bitOf(bytes: Uint8Array, index: number): Bit {
  return (bytes[index >>> 3] >>> (index & 7)) & 1 ? 1 : 0;
}
