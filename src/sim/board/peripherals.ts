// 0x40000000 to 0x5FFFFFFF: registers that read back what was written, and the few that a debugger expects more of.

import { FLASH_INTERFACE, type FlashController } from './flash-controller.js';

/** Addresses of RM0091 2.2.2. */
const RCC_CR = 0x40021000;
const RCC_CFGR = 0x40021004;
const RCC_AHBENR = 0x40021014;
const RCC_CSR = 0x40021024;
const DBGMCU_IDCODE = 0x40015800;

/** STM32F051: RM0091 32.4.1. */
const IDCODE_VALUE = 0x20006440;

export class Peripherals {
  readonly #words = new Map<number, number>();
  readonly #flash: FlashController;

  constructor(flash: FlashController) {
    this.#flash = flash;
    this.reset();
  }

  reset(): void {
    this.#words.clear();
    this.#words.set(RCC_CR, 0x83); // RM0091 6.4.1: HSI on and ready
    this.#words.set(RCC_AHBENR, 0x14); // 6.4.6
    this.#words.set(RCC_CSR, 0x0c000000); // 6.4.10: power-on and pin reset
    this.#flash.reset();
  }

  /** @param address  word-aligned */
  read(address: number): number {
    if (isFlashInterface(address)) return this.#flash.read(address - FLASH_INTERFACE);
    const word = this.#words.get(address) ?? 0;
    switch (address) {
      case DBGMCU_IDCODE:
        return IDCODE_VALUE;
      case RCC_CR: // each ready flag (HSIRDY, HSERDY, PLLRDY) follows its enable bit below it
        return ((word & ~0x02020002) | ((word & 0x01010001) << 1)) >>> 0;
      case RCC_CFGR: // SWS follows SW
        return ((word & ~0xc) | ((word & 3) << 2)) >>> 0;
      default:
        return word;
    }
  }

  write(address: number, value: number): void {
    if (isFlashInterface(address)) this.#flash.write(address - FLASH_INTERFACE, value);
    else this.#words.set(address, value >>> 0);
  }
}

function isFlashInterface(address: number): boolean {
  return address >= FLASH_INTERFACE && address < FLASH_INTERFACE + 0x400;
}
