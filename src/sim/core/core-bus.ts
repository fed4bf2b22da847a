/** Memory as the core or the debugger sees it outside the PPB. Little-endian; addresses aligned to the size. */
export interface CoreBus {
  /**
   * @returns unsigned
   * @throws BusFault
   */
  read(address: number, sizeBytes: 1 | 2 | 4): number;
  /**
   * @param value  unsigned, of `sizeBytes`
   * @throws BusFault
   */
  write(address: number, sizeBytes: 1 | 2 | 4, value: number): void;
}
