// Debug registers of a Cortex-M core that a debugger reaches through a MEM-AP: addresses and fields (DDI 0419 C1.6, DDI
// 0403 C1.6).

export const CORE_DEBUG = {
  AIRCR: 0xe000ed0c,
  DHCSR: 0xe000edf0,
  DCRSR: 0xe000edf4,
  DCRDR: 0xe000edf8,
} as const;

/** Fields of AIRCR. A write counts with the key in bits 31:16 alone. */
export const AIRCR = { VECTRESET: 0x1, SYSRESETREQ: 0x4, KEY: 0x05fa } as const;

/** Whether a word written to AIRCR resets the target, or its core. */
export function resetsTarget(word: number): boolean {
  return word >>> 16 === AIRCR.KEY && (word & (AIRCR.SYSRESETREQ | AIRCR.VECTRESET)) !== 0;
}

/** Fields of DHCSR. A write counts with the key in bits 31:16 alone. */
export const DHCSR = {
  C_DEBUGEN: 0x1,
  C_HALT: 0x2,
  S_REGRDY: 0x10000,
  /** Both are cleared by being read. */
  S_RETIRE_ST: 0x1000000,
  S_RESET_ST: 0x2000000,
  KEY: 0xa05f,
} as const;

/** DCRSR.REGWnR: DCRDR goes into the core register; without it the register comes into DCRDR. */
export const DCRSR_WRITE = 0x10000;
