// The memories of the part and what lies where: an STM32F051 with more RAM.

import { BusFault } from '../core/bus-fault.js';
import type { CoreBus } from '../core/core-bus.js';
import { FLASH_BASE, FLASH_SIZE_BYTES, FlashController } from './flash-controller.js';
import { Peripherals } from './peripherals.js';

export const RAM_BASE = 0x20000000;
export const RAM_SIZE_BYTES = 0x40000;
/** The RP2040 has two more banks of 4 KB behind it (its data sheet, 2.2). */
export const RP2040_RAM_SIZE_BYTES = 0x42000;
/** What is written here leaves on the SWO pin: an Armv6-M core has no ITM to send with. */
export const TRACE_OUTPUT = 0x5ffff000;
const PERIPHERALS_START = 0x40000000;
const PERIPHERALS_END = 0x60000000;

export class MemoryMap implements CoreBus {
  readonly flash = new Uint8Array(FLASH_SIZE_BYTES).fill(0xff);
  readonly ram: Uint8Array;
  readonly flashController = new FlashController(this.flash);
  readonly peripherals = new Peripherals(this.flashController);
  readonly #flashView = new DataView(this.flash.buffer);
  readonly #ramView: DataView;
  /** Called with the bytes that leave on the SWO pin. */
  onTrace: (bytes: Uint8Array) => void = () => undefined;

  constructor(ramSizeBytes = RAM_SIZE_BYTES) {
    this.ram = new Uint8Array(ramSizeBytes);
    this.#ramView = new DataView(this.ram.buffer);
  }

  read(address: number, sizeBytes: 1 | 2 | 4): number {
    if (address >= RAM_BASE && address < RAM_BASE + this.ram.length)
      return readView(this.#ramView, address - RAM_BASE, sizeBytes);
    if (address < FLASH_SIZE_BYTES) return readView(this.#flashView, address, sizeBytes);
    if (address >= FLASH_BASE && address < FLASH_BASE + FLASH_SIZE_BYTES)
      return readView(this.#flashView, address - FLASH_BASE, sizeBytes);
    if (address >= PERIPHERALS_START && address < PERIPHERALS_END) {
      const word = this.peripherals.read((address & ~3) >>> 0);
      return lane(word, address, sizeBytes);
    }
    throw new BusFault(address);
  }

  write(address: number, sizeBytes: 1 | 2 | 4, value: number): void {
    if (address >= RAM_BASE && address < RAM_BASE + this.ram.length)
      writeView(this.#ramView, address - RAM_BASE, sizeBytes, value);
    else if (address < FLASH_SIZE_BYTES) this.flashController.program(address, sizeBytes, value);
    else if (address >= FLASH_BASE && address < FLASH_BASE + FLASH_SIZE_BYTES)
      this.flashController.program(address - FLASH_BASE, sizeBytes, value);
    else if (address >= PERIPHERALS_START && address < PERIPHERALS_END)
      this.#writePeripheral(address, sizeBytes, value);
    else throw new BusFault(address);
  }

  #writePeripheral(address: number, sizeBytes: 1 | 2 | 4, value: number): void {
    const word = (address & ~3) >>> 0;
    if (word === TRACE_OUTPUT) {
      this.onTrace(Uint8Array.from({ length: sizeBytes }, (_, i) => value >>> (8 * i)));
      return;
    }
    const shift = 8 * (address & 3);
    const mask = maskOf(sizeBytes) << shift;
    const merged = sizeBytes === 4 ? value : (this.peripherals.read(word) & ~mask) | ((value << shift) & mask);
    this.peripherals.write(word, merged >>> 0);
  }
}

function maskOf(sizeBytes: 1 | 2 | 4): number {
  return sizeBytes === 4 ? 0xffffffff : sizeBytes === 2 ? 0xffff : 0xff;
}

function lane(word: number, address: number, sizeBytes: 1 | 2 | 4): number {
  return ((word >>> (8 * (address & 3))) & maskOf(sizeBytes)) >>> 0;
}

function readView(view: DataView, at: number, sizeBytes: 1 | 2 | 4): number {
  if (sizeBytes === 4) return view.getUint32(at, true);
  return sizeBytes === 2 ? view.getUint16(at, true) : view.getUint8(at);
}

function writeView(view: DataView, at: number, sizeBytes: 1 | 2 | 4, value: number): void {
  if (sizeBytes === 4) view.setUint32(at, value, true);
  else if (sizeBytes === 2) view.setUint16(at, value, true);
  else view.setUint8(at, value);
}
