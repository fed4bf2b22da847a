/**
 * Memory behind one MEM-AP. Addresses are byte addresses, naturally aligned to the access size.
 * A fault clears the sticky flags on the wire before it is thrown: clients of memory handles do not do it themselves.
 */
export interface MemoryPort {
  /** @param sizeBits width of the one access @returns the value, right-aligned */
  read(address: number, sizeBits: 8 | 16 | 32, signal: AbortSignal): Promise<number>;
  write(address: number, value: number, sizeBits: 8 | 16 | 32, signal: AbortSignal): Promise<void>;
  readWords(address: number, count: number, signal: AbortSignal): Promise<Uint32Array>;
  writeWords(address: number, words: Uint32Array, signal: AbortSignal): Promise<void>;
  readBytes(address: number, count: number, signal: AbortSignal): Promise<Uint8Array>;
  writeBytes(address: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
}
