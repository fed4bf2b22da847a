/**
 * Peripheral and component identification of a CoreSight block, words 0xFD0 to 0xFFC of its page (IHI 0031, "Component
 * and Peripheral ID Registers"; values: DDI 0484 (Cortex-M0+ TRM), CoreSight identification). All three blocks of the
 * core are Arm designs of the class "generic IP component".
 *
 * @param partNumber  PIDR0; the rest of the part number, in PIDR1, is zero
 * @returns           the word, or undefined below 0xFD0
 */
export function componentId(partNumber: number, offset: number): number | undefined {
  if (offset < 0xfd0) return undefined;
  if (offset === 0xfe0) return partNumber;
  return idWords[(offset - 0xfd0) >>> 2];
}

// PIDR4-7, PIDR0-3, CIDR0-3
const idWords = [0x04, 0, 0, 0, 0, 0xb0, 0x0b, 0, 0x0d, 0xe0, 0x05, 0xb1];
