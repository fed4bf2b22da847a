/** A 32-bit word as eight hex digits, without prefix. */
export function hex32(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

/** A 16-bit number as four hex digits, without prefix. */
export function hex16(word: number): string {
  return word.toString(16).padStart(4, '0');
}

/** Bytes as hex pairs separated by blanks, for trace lines. */
export function hexBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('hex')
    .replace(/(..)(?=.)/g, '$1 ');
}
