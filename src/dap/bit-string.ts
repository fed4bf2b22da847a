/**
 * Bits in the order they go over the wire: bit 0 of `bits` first.
 *
 * Lengths go to 256, far past the 53 bits a `number` holds, hence the `bigint`.
 */
export interface BitString {
  readonly lengthBits: number;
  /** Unsigned; bits from `lengthBits` up are zero. */
  readonly bits: bigint;
}

/** Cuts `bits` to `lengthBits`. */
export function bitString(lengthBits: number, bits: bigint | number): BitString {
  return { lengthBits, bits: BigInt.asUintN(lengthBits, BigInt(bits)) };
}

/** Bytes as CMSIS-DAP wants them: least significant byte first, each least significant bit first; padded with zeros. */
export function bitsToBytes({ lengthBits, bits }: BitString): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(lengthBits / 8));
  let rest = bits;
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The inverse of `bitsToBytes`; bits of the last byte beyond `lengthBits` are dropped. */
export function bitsFromBytes(bytes: Uint8Array, lengthBits: number): BitString {
  let bits = 0n;
  for (let i = Math.ceil(lengthBits / 8) - 1; i >= 0; i--) bits = (bits << 8n) | BigInt(bytes[i]);
  return bitString(lengthBits, bits);
}
