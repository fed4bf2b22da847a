/** Registers in one 4 KB page of the Private Peripheral Bus. */
export interface PpbBlock {
  /**
   * @param offset      of the word in the page
   * @param byDebugger  through a MEM-AP; the core reads registers of the Debug Extension as zero
   * @returns           unsigned word
   */
  read(offset: number, byDebugger: boolean): number;
  /** @param value  unsigned word */
  write(offset: number, value: number, byDebugger: boolean): void;
}
