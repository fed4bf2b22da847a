/** An AP as the DP sees it. */
export interface AccessPort {
  /**
   * @param offset  of the register: 0 … 0xFC in ADIv5, 0 … 0xFFC in ADIv6
   * @returns       unsigned word
   * @throws BusFault  the DP sets STICKYERR
   */
  read(offset: number): number;
  /** @throws BusFault  the DP sets STICKYERR */
  write(offset: number, value: number): void;
  /** Power-up reset of the debug domain. */
  reset(): void;
}
