// A MEM-AP on an AHB (IHI 0031 C2): the registers a debugger reaches memory through. Packed transfers are not supported.

import { CSW, MEM_AP } from '../../dap/registers.js';
import type { CoreBus } from '../core/core-bus.js';
import type { AccessPort } from './access-port.js';

/** Cortex-M0+ AHB-AP. */
const IDR = 0x04770031;
const CSW_AT_RESET = 0x23000052;
const CSW_WRITABLE = 0x6f000037;
/** TAR increments within 1 KB (C2.2.2). */
const WRAP_MASK = 0x3ff;

export interface MemApOptions {
  /** All of memory, the PPB included. */
  readonly bus: CoreBus;
  /** BASE: where the ROM table is. */
  readonly base: number;
}

export class MemAp implements AccessPort {
  readonly #bus: CoreBus;
  readonly #base: number;
  #csw = CSW_AT_RESET;
  #tar = 0;

  constructor({ bus, base }: MemApOptions) {
    this.#bus = bus;
    this.#base = base;
  }

  reset(): void {
    this.#csw = CSW_AT_RESET;
    this.#tar = 0;
  }

  read(offset: number): number {
    switch (offset) {
      case MEM_AP.CSW:
        return this.#csw;
      case MEM_AP.TAR:
        return this.#tar;
      case MEM_AP.DRW: {
        const value = this.#readMemory(this.#tar, this.#sizeBytes);
        this.#increment();
        return value;
      }
      case MEM_AP.BASE:
        return this.#base;
      case MEM_AP.IDR:
        return IDR;
      default: // CFG reads as zero: little-endian, no long addresses, no large data
        return isBanked(offset) ? this.#readMemory(this.#bankedAddress(offset), 4) : 0;
    }
  }

  write(offset: number, value: number): void {
    switch (offset) {
      case MEM_AP.CSW:
        this.#writeCsw(value);
        break;
      case MEM_AP.TAR:
        this.#tar = value >>> 0;
        break;
      case MEM_AP.DRW:
        this.#writeMemory(this.#tar, this.#sizeBytes, value);
        this.#increment();
        break;
      default:
        if (isBanked(offset)) this.#writeMemory(this.#bankedAddress(offset), 4, value);
        break;
    }
  }

  #writeCsw(value: number): void {
    let csw = (value & CSW_WRITABLE) | CSW.DEVICE_EN;
    // A size or increment that is not implemented becomes one that is.
    if ((csw & CSW.SIZE_MASK) > CSW.SIZE_WORD) csw = (csw & ~CSW.SIZE_MASK) | CSW.SIZE_WORD;
    if ((csw & CSW.ADDRINC_MASK) > CSW.ADDRINC_SINGLE) csw &= ~CSW.ADDRINC_MASK;
    this.#csw = csw >>> 0;
  }

  get #sizeBytes(): 1 | 2 | 4 {
    const size = this.#csw & CSW.SIZE_MASK;
    return size === CSW.SIZE_BYTE ? 1 : size === CSW.SIZE_HALF ? 2 : 4;
  }

  #bankedAddress(offset: number): number {
    return ((this.#tar & ~0xf) | (offset & 0xc)) >>> 0;
  }

  /** Bytes and halfwords travel in the lane of their address (C2.2.6). */
  #readMemory(address: number, sizeBytes: 1 | 2 | 4): number {
    const aligned = (address & -sizeBytes) >>> 0;
    return (this.#bus.read(aligned, sizeBytes) << (8 * (aligned & 3))) >>> 0;
  }

  #writeMemory(address: number, sizeBytes: 1 | 2 | 4, value: number): void {
    const aligned = (address & -sizeBytes) >>> 0;
    const lane = value >>> (8 * (aligned & 3));
    this.#bus.write(aligned, sizeBytes, sizeBytes === 4 ? value : lane & (sizeBytes === 2 ? 0xffff : 0xff));
  }

  #increment(): void {
    if ((this.#csw & CSW.ADDRINC_MASK) !== CSW.ADDRINC_SINGLE) return;
    this.#tar = ((this.#tar & ~WRAP_MASK) | ((this.#tar + this.#sizeBytes) & WRAP_MASK)) >>> 0;
  }
}

function isBanked(offset: number): boolean {
  return offset >= MEM_AP.BD0 && offset <= MEM_AP.BD0 + 0xc;
}
