// Flash memory and its interface as on the STM32F0: RM0091, chapter 3.

import { BusFault } from '../core/bus-fault.js';

const KEY1 = 0x45670123;
const KEY2 = 0xcdef89ab;
const REGISTER = { ACR: 0x00, KEYR: 0x04, OPTKEYR: 0x08, SR: 0x0c, CR: 0x10, AR: 0x14, OBR: 0x1c, WRPR: 0x20 } as const;
/** BSY is never seen set: an operation is over when the write that starts it returns. */
const SR = { PGERR: 0x04, WRPRTERR: 0x10, EOP: 0x20 } as const;
const CR = { PG: 0x01, PER: 0x02, MER: 0x04, STRT: 0x40, LOCK: 0x80 } as const;
const CR_WRITABLE = 0x1637; // PG, PER, MER, OPTPG, OPTER, OPTWRE, ERRIE, EOPIE

/** Where the registers are (RM0091 2.2.2). */
export const FLASH_INTERFACE = 0x40022000;
export const FLASH_BASE = 0x08000000;
export const FLASH_SIZE_BYTES = 0x10000;
export const FLASH_PAGE_BYTES = 0x400;

export class FlashController {
  readonly #flash: Uint8Array;
  #acr = 0x30; // prefetch on
  #sr = 0;
  #cr: number = CR.LOCK;
  #ar = 0;
  /** key1, key2: which one has to come; locked: a wrong one came, and only a reset helps (RM0091 3.2.2). */
  #unlock: 'key1' | 'key2' | 'open' | 'locked' = 'key1';

  /** @param flash  the array itself, `FLASH_SIZE_BYTES` long */
  constructor(flash: Uint8Array) {
    this.#flash = flash;
  }

  reset(): void {
    this.#acr = 0x30;
    this.#sr = this.#ar = 0;
    this.#cr = CR.LOCK;
    this.#unlock = 'key1';
  }

  /** A register. @param offset word-aligned */
  read(offset: number): number {
    switch (offset) {
      case REGISTER.ACR:
        return this.#acr;
      case REGISTER.SR:
        return this.#sr;
      case REGISTER.CR:
        return this.#cr;
      case REGISTER.AR:
        return this.#ar;
      case REGISTER.OBR:
        return 0x03fffff2; // no protection, option bytes erased
      case REGISTER.WRPR:
        return 0xffffffff; // no page is protected
      default:
        return 0;
    }
  }

  /**
   * Writes a register.
   *
   * @param offset  word-aligned
   * @throws BusFault  for a key out of order
   */
  write(offset: number, value: number): void {
    switch (offset) {
      case REGISTER.ACR:
        this.#acr = (value & 0x17) | ((value & 0x10) << 1); // PRFTBS follows PRFTBE
        break;
      case REGISTER.KEYR:
        this.#writeKey(value >>> 0);
        break;
      case REGISTER.SR:
        this.#sr &= ~(value & (SR.PGERR | SR.WRPRTERR | SR.EOP));
        break;
      case REGISTER.CR:
        this.#writeCr(value);
        break;
      case REGISTER.AR:
        this.#ar = value >>> 0;
        break;
      default:
        break;
    }
  }

  /**
   * A write to the array, of the core or of a debugger: programs a halfword (RM0091 3.2.2, main flash programming).
   *
   * @param offset  in the array
   * @throws BusFault  unless CR.PG is set, and for any other size
   */
  program(offset: number, sizeBytes: 1 | 2 | 4, value: number): void {
    if (!(this.#cr & CR.PG) || sizeBytes !== 2) throw new BusFault(FLASH_BASE + offset);
    const erased = this.#flash[offset] === 0xff && this.#flash[offset + 1] === 0xff;
    // Zero may be written over anything.
    if (!erased && value !== 0) {
      this.#sr |= SR.PGERR;
      return;
    }
    this.#flash[offset] = value & 0xff;
    this.#flash[offset + 1] = value >>> 8;
    this.#sr |= SR.EOP;
  }

  #writeKey(key: number): void {
    if (this.#unlock === 'key1' && key === KEY1) this.#unlock = 'key2';
    else if (this.#unlock === 'key2' && key === KEY2) {
      this.#unlock = 'open';
      this.#cr &= ~CR.LOCK;
    } else {
      this.#unlock = 'locked';
      this.#cr |= CR.LOCK;
      throw new BusFault(FLASH_INTERFACE + REGISTER.KEYR); // RM0091 3.2.2, unlocking the flash memory
    }
  }

  #writeCr(value: number): void {
    if (this.#cr & CR.LOCK) return;
    if (value & CR.LOCK) {
      this.#unlock = 'key1';
      this.#cr = CR.LOCK;
      return;
    }
    this.#cr = value & CR_WRITABLE;
    if (value & CR.STRT) this.#erase();
  }

  #erase(): void {
    if (this.#cr & CR.MER) this.#flash.fill(0xff);
    else if (this.#cr & CR.PER) {
      const page = (this.#ar - FLASH_BASE) & -FLASH_PAGE_BYTES;
      if (page < 0 || page >= FLASH_SIZE_BYTES) {
        this.#sr |= SR.WRPRTERR;
        return;
      }
      this.#flash.fill(0xff, page, page + FLASH_PAGE_BYTES);
    } else return;
    this.#sr |= SR.EOP;
  }
}
