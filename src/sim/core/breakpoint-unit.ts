import { componentId } from './component-id.js';
import type { PpbBlock } from './ppb-block.js';

const COMPARATORS = 4;
const BP_CTRL = 0x000;
const BP_COMP0 = 0x008;

/** The BPU: four comparators on instruction addresses below 0x20000000 (DDI 0419 C1.8). Only a debugger reaches it. */
export class BreakpointUnit implements PpbBlock {
  /** Whether any comparator can match: asked before each instruction. */
  armed = false;
  #enabled = false;
  readonly #comparators = new Uint32Array(COMPARATORS);

  /** Power came back: all is off. */
  powerUp(): void {
    this.#enabled = this.armed = false;
    this.#comparators.fill(0);
  }

  /** @param address  of an instruction's first halfword */
  matches(address: number): boolean {
    // BP_MATCH, bits 31:30: 1 the lower halfword, 2 the upper one, 3 both; COMP is bits 28:2 of the address.
    const halfword = (address & 2) === 0 ? 0x40000000 : 0x80000000;
    if (address >= 0x20000000) return false;
    for (const comparator of this.#comparators) {
      if ((comparator & 1) !== 0 && (comparator & halfword) !== 0 && ((comparator ^ address) & 0x1ffffffc) === 0)
        return true;
    }
    return false;
  }

  read(offset: number, byDebugger: boolean): number {
    if (!byDebugger) return 0;
    if (offset === BP_CTRL) return (COMPARATORS << 4) | (this.#enabled ? 1 : 0);
    return this.#comparators.at((offset - BP_COMP0) >>> 2) ?? componentId(0x0b, offset) ?? 0;
  }

  write(offset: number, value: number, byDebugger: boolean): void {
    if (!byDebugger) return;
    const index = (offset - BP_COMP0) >>> 2;
    // BP_CTRL.KEY, bit 1, must be one or the write is ignored.
    if (offset === BP_CTRL && (value & 2) !== 0) this.#enabled = (value & 1) !== 0;
    else if (index < COMPARATORS) this.#comparators[index] = value & 0xdffffffd;
    this.armed = this.#enabled && this.#comparators.some((comparator) => (comparator & 1) !== 0);
  }
}
