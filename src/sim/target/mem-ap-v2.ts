import { componentWord } from './component-words.js';
import { MemAp, type MemApOptions } from './mem-ap.js';
import type { AccessPort } from './access-port.js';

/** DEVARCH of a MEM-AP (IHI 0074 C2.6.7): Arm, present, architecture 0x0A17. */
const DEVARCH = 0x47700a17;

/** A MEM-AP as ADIv6 lays it out: the registers of ADIv5 from 0xD00 (IHI 0074 C2.6), identification at the top. */
export class MemApV2 implements AccessPort {
  readonly #registers: MemAp;

  constructor(options: MemApOptions) {
    this.#registers = new MemAp(options);
  }

  reset(): void {
    this.#registers.reset();
  }

  read(offset: number): number {
    if (offset >>> 8 === 0xd) return this.#registers.read(offset & 0xff);
    if (offset === 0xfbc) return DEVARCH;
    return componentWord({ part: 0x4e4, componentClass: 0x9 }, offset);
  }

  write(offset: number, value: number): void {
    if (offset >>> 8 === 0xd) this.#registers.write(offset & 0xff, value);
  }
}
