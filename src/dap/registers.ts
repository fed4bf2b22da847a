// Names of the Arm Debug Interface: DP and MEM-AP registers and their fields. Arm IHI 0031 (ADIv5), IHI 0074 (ADIv6).

/**
 * A DP register: bits 3:2 are A[3:2] as on the wire, bits 7:4 the bank (`SELECT.DPBANKSEL`) it is found in.
 * 0x04 is CTRL/STAT, 0x14 DLCR, 0x24 TARGETID, 0x34 DLPIDR.
 */
export type DpAddress = number;

/**
 * An AP register in full: ADIv5 `APSEL << 24 | register`, ADIv6 base address + register. Word-aligned, unsigned. Bits
 * 31:4 are what `SELECT` holds, bits above 31 what `SELECT1` holds, and A[3:2] goes into the request itself: one rule
 * for both versions. At most 2^53 - 1.
 */
export type ApAddress = number;

/** DP registers (IHI 0031 B2.2). */
export const DP = {
  /** Read only; at the same address as ABORT. */
  DPIDR: 0x00,
  /** Write only. */
  ABORT: 0x00,
  CTRL_STAT: 0x04,
  /** DPv3: ASIZE, the size of AP addresses, in bits 6:0 (IHI 0074 B2.2). */
  DPIDR1: 0x10,
  DLCR: 0x14,
  TARGETID: 0x24,
  DLPIDR: 0x34,
  EVENTSTAT: 0x44,
  /** DPv3, write only: bits 63:32 of the AP's address (IHI 0074 B2.2.11). */
  SELECT1: 0x54,
  /** Write only; a read of this address is RESEND. */
  SELECT: 0x08,
  RESEND: 0x08,
  /** Read only; a write of this address is TARGETSEL. */
  RDBUFF: 0x0c,
  /** Bit 0 should be one (IHI 0031 B2.2.12). */
  TARGETSEL: 0x0c,
} as const satisfies Record<string, DpAddress>;

/** Fields of ABORT (IHI 0031 B2.2.1). */
export const ABORT = {
  DAPABORT: 0x01,
  STKCMPCLR: 0x02,
  STKERRCLR: 0x04,
  WDERRCLR: 0x08,
  ORUNERRCLR: 0x10,
} as const;

/** Fields of CTRL/STAT (IHI 0031 B2.2.2). */
export const CTRL_STAT = {
  ORUNDETECT: 0x01,
  STICKYORUN: 0x02,
  STICKYCMP: 0x10,
  STICKYERR: 0x20,
  READOK: 0x40,
  WDATAERR: 0x80,
  CDBGRSTREQ: 0x04000000,
  CDBGRSTACK: 0x08000000,
  CDBGPWRUPREQ: 0x10000000,
  CDBGPWRUPACK: 0x20000000,
  CSYSPWRUPREQ: 0x40000000,
  CSYSPWRUPACK: 0x80000000,
} as const;

export const POWER_REQUESTS = (CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ) >>> 0;
/** An acknowledgement is the bit above its request. */
export const POWER_ACKS = (CTRL_STAT.CDBGPWRUPACK | CTRL_STAT.CSYSPWRUPACK) >>> 0;

/** MEM-AP registers as offsets in an ADIv5 AP (IHI 0031 C2.6). */
export const MEM_AP = {
  CSW: 0x00,
  TAR: 0x04,
  TAR_HIGH: 0x08,
  DRW: 0x0c,
  BD0: 0x10,
  CFG: 0xf4,
  BASE: 0xf8,
  IDR: 0xfc,
} as const;

/** Fields of CSW (IHI 0031 C2.6.4). */
export const CSW = {
  SIZE_MASK: 0x07,
  SIZE_BYTE: 0x00,
  SIZE_HALF: 0x01,
  SIZE_WORD: 0x02,
  ADDRINC_MASK: 0x30,
  ADDRINC_SINGLE: 0x10,
  DEVICE_EN: 0x40,
} as const;

/** TAR is sure to increment within a page of so many bytes; what it does at the end is up to the AP (IHI 0031 C2.2.2). */
export const TAR_PAGE_BYTES = 0x400;

/** VERSION of a debug port, DPIDR bits 15:12 (IHI 0074 B2.2.5). */
export function dpVersion(dpidr: number): number {
  return (dpidr >>> 12) & 0xf;
}

/** IDR.CLASS, bits 16:13: 0b1000 is a MEM-AP (IHI 0031 C1.2). */
export function isMemApIdr(idr: number): boolean {
  return ((idr >>> 13) & 0xf) === 8;
}

/** The part of a full AP address that goes into `SELECT`, DPBANKSEL zero. */
export function selectOf(address: ApAddress): number {
  return (address & 0xfffffff0) >>> 0;
}

/** The part of a full AP address that goes into `SELECT1`. */
export function select1Of(address: ApAddress): number {
  return Math.floor(address / 0x1_0000_0000);
}

/** Bank of a DP register, as `SELECT.DPBANKSEL` wants it. */
export function dpBankOf(address: DpAddress): number {
  return address >>> 4;
}
