import { BusFault } from './bus-fault.js';
import type { CoreBus } from './core-bus.js';
import type { WatchpointUnit } from './watchpoint-unit.js';

/** The Private Peripheral Bus as the core sees it: words, at 0xE0000000 to 0xE00FEFFF. */
export interface CorePpb {
  read(address: number): number;
  write(address: number, value: number): void;
}

/**
 * Memory as instructions see it: aligned accesses only, the PPB inside the core, everything else on the board's bus.
 * Addresses may be signed words, as registers hold them. All methods throw `BusFault`, which the core takes as
 * HardFault.
 */
export class CoreMemory {
  readonly #bus: CoreBus;
  readonly #ppb: CorePpb;
  readonly #watchpoints: WatchpointUnit;

  constructor(bus: CoreBus, ppb: CorePpb, watchpoints: WatchpointUnit) {
    this.#bus = bus;
    this.#ppb = ppb;
    this.#watchpoints = watchpoints;
  }

  /** One halfword of an instruction; `address` is unsigned and even. */
  fetch(address: number): number {
    // Execute Never by eighths of the address space: peripherals, devices, system (DDI 0419 B3.1, address map).
    if (((0b11100100 >>> (address >>> 29)) & 1) !== 0) throw new BusFault(address);
    return this.#bus.read(address, 2);
  }

  /** A word the core itself needs, as the one of a vector: no watchpoint sees it. */
  readVector(address: number): number {
    return isPpb(address) ? this.#ppb.read(address) : this.#bus.read(address, 4);
  }

  load8(at: number): number {
    const address = at >>> 0;
    const value = isPpb(address)
      ? this.#ppb.read((address & ~3) >>> 0) >>> (8 * (address & 3))
      : this.#bus.read(address, 1);
    if (this.#watchpoints.watchesData) this.#watchpoints.dataAccess(address, 1, false);
    return value & 0xff;
  }

  load16(at: number): number {
    const address = at >>> 0;
    if ((address & 1) !== 0) throw new BusFault(address);
    const value = isPpb(address)
      ? this.#ppb.read((address & ~3) >>> 0) >>> (8 * (address & 2))
      : this.#bus.read(address, 2);
    if (this.#watchpoints.watchesData) this.#watchpoints.dataAccess(address, 2, false);
    return value & 0xffff;
  }

  load32(at: number): number {
    const address = at >>> 0;
    if ((address & 3) !== 0) throw new BusFault(address);
    const value = isPpb(address) ? this.#ppb.read(address) : this.#bus.read(address, 4);
    if (this.#watchpoints.watchesData) this.#watchpoints.dataAccess(address, 4, false);
    return value | 0;
  }

  store8(at: number, value: number): void {
    const address = at >>> 0;
    if (isPpb(address)) throw new BusFault(address); // UNPREDICTABLE: registers of the PPB are written as words
    this.#bus.write(address, 1, value & 0xff);
    if (this.#watchpoints.watchesData) this.#watchpoints.dataAccess(address, 1, true);
  }

  store16(at: number, value: number): void {
    const address = at >>> 0;
    if ((address & 1) !== 0 || isPpb(address)) throw new BusFault(address);
    this.#bus.write(address, 2, value & 0xffff);
    if (this.#watchpoints.watchesData) this.#watchpoints.dataAccess(address, 2, true);
  }

  store32(at: number, value: number): void {
    const address = at >>> 0;
    if ((address & 3) !== 0) throw new BusFault(address);
    if (isPpb(address)) this.#ppb.write(address, value >>> 0);
    else this.#bus.write(address, 4, value >>> 0);
    if (this.#watchpoints.watchesData) this.#watchpoints.dataAccess(address, 4, true);
  }
}

/** The ROM table at 0xE00FF000 is the board's. */
function isPpb(address: number): boolean {
  return address >= 0xe0000000 && address < 0xe00ff000;
}
