import { type ApAddress, DP, type DpAddress, dpVersion } from './registers.js';

/** VERSION of the first debug port whose SELECT holds addresses. */
const DPV3 = 3;
const ADDRESS_SIZES = { min: 12, max: 52 };
const PAGE_BYTES = 0x100;

/**
 * Which bits of SELECT and SELECT1 a debug port looks at when it looks for an AP. The others are ignored, so that many
 * values mean one AP: with ADIv5 bits 23:8, and all of SELECT1, which is not there (IHI 0031 B2.2); with ADIv6 those
 * above the size of addresses that DPIDR1 tells (IHI 0074 B2.2; 100806, SELECT: "unimplemented address bits are WI").
 */
export class ApAddressing {
  #dpidr: number | undefined;
  #sizeBits: number | undefined;

  /** What is to be read next and given to `note`; undefined: nothing, pages are known. */
  unread(): DpAddress | undefined {
    if (this.#dpidr === undefined) return DP.DPIDR;
    return this.#isAdiv5 || this.#sizeBits !== undefined ? undefined : DP.DPIDR1;
  }

  /** @returns whether this is another debug port than the one known so far */
  note(register: DpAddress, value: number): boolean {
    if (register === DP.DPIDR) {
      const isAnother = this.#dpidr !== undefined && this.#dpidr !== value;
      this.#dpidr = value;
      if (isAnother) this.#sizeBits = undefined;
      return isAnother;
    }
    if (register === DP.DPIDR1 && this.#dpidr !== undefined && !this.#isAdiv5) {
      const size = value & 0x7f; // ASIZE
      this.#sizeBits = size < ADDRESS_SIZES.min || size > ADDRESS_SIZES.max ? ADDRESS_SIZES.max : size;
    }
    return false;
  }

  /**
   * The page of registers that an access goes to: an AP's 256 bytes in ADIv5, 256 of its 4096 in ADIv6. What is
   * `unread` is taken for no bit to be ignored.
   *
   * @param address  as `addressOf` makes it
   * @returns        where the page begins, ignored bits zero
   */
  pageOf(address: ApAddress): ApAddress {
    if (this.#isAdiv5) return (address & 0xff000000) >>> 0;
    return (address % 2 ** (this.#sizeBits ?? ADDRESS_SIZES.max)) - (address % PAGE_BYTES);
  }

  get #isAdiv5(): boolean {
    return this.#dpidr !== undefined && dpVersion(this.#dpidr) < DPV3;
  }
}

/** What SELECT and SELECT1 hold, as an address of at most 52 bits: no debug port has more. */
export function addressOf(select: number, select1: number): ApAddress {
  return (select1 & 0xfffff) * 0x1_0000_0000 + select;
}
