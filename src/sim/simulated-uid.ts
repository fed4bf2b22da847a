/** @param index  0 for the first simulated probe */
export function simulatedUid(index: number): string {
  return `SIM${String(index + 1).padStart(4, '0')}`;
}
