import type { AccessPort } from './access-port.js';
import { componentWord } from './component-words.js';

/** DEVARCH of a class 0x9 ROM table (IHI 0074 D3.3): Arm, present, architecture 0x0AF7. */
const DEVARCH = 0x47700af7;
/** ROMENTRY.PRESENT (IHI 0074 D3.3.25). */
const PRESENT = 0b11;

/** The ROM table in the address space of a DPv3 that lists its APs. */
export class RootRomTable implements AccessPort {
  readonly #entries: readonly number[];

  /** @param offsets  of the APs from this table, each a multiple of 4 KB */
  constructor(offsets: readonly number[]) {
    this.#entries = offsets.map((offset) => (offset | PRESENT) >>> 0);
  }

  read(offset: number): number {
    if (offset < 0x800) return this.#entries.at(offset >>> 2) ?? 0;
    return offset === 0xfbc ? DEVARCH : componentWord({ part: 0x4c4, componentClass: 0x9 }, offset);
  }

  write(): void {
    // read only
  }

  reset(): void {
    // holds nothing
  }
}
