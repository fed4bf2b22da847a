import type { CoreBus } from '../core/core-bus.js';
import { CortexM0 } from '../core/cortex-m0.js';
import { componentWord } from '../target/component-words.js';
import type { CoreRunner } from './core-runner.js';

const PPB_START = 0xe0000000;
const PPB_END = 0xe0100000;
const ROM_TABLE = 0xe00ff000;
/** SCS, DWT and BPU, as offsets from the table (DDI 0419 C1.2, ROM table). */
const ROM_ENTRIES = [0xfff0f003, 0xfff02003, 0xfff03003, 0];

/** BASE of the AP: the ROM table of the core, with its format and presence bits. */
export const ROM_TABLE_BASE = (ROM_TABLE | 3) >>> 0;

/**
 * A core and the memory it shares with its debugger. As a `CoreBus` it is the debugger's view: memory and the PPB.
 */
export class Processor implements CoreBus {
  readonly core: CortexM0;
  /** Set by the board: told of every access that may set the core going or halt it. */
  runner: CoreRunner | undefined;

  constructor(
    readonly memory: CoreBus,
    onSystemReset: () => void,
  ) {
    this.core = new CortexM0(memory, { onSystemReset });
  }

  read(address: number, sizeBytes: 1 | 2 | 4): number {
    if (address < PPB_START || address >= PPB_END) return this.memory.read(address, sizeBytes);
    this.runner?.beforeAccess();
    const word = (address & ~3) >>> 0;
    const value = word >= ROM_TABLE ? romTableWord(word - ROM_TABLE) : this.core.readPpb(word, true);
    const mask = sizeBytes === 4 ? 0xffffffff : sizeBytes === 2 ? 0xffff : 0xff;
    return ((value >>> (8 * (address & 3))) & mask) >>> 0;
  }

  write(address: number, sizeBytes: 1 | 2 | 4, value: number): void {
    if (address < PPB_START || address >= PPB_END) {
      this.memory.write(address, sizeBytes, value);
      return;
    }
    this.runner?.beforeAccess();
    // The PPB knows words only: a narrower write arrives in its lane.
    if (address < ROM_TABLE) this.core.writePpb((address & ~3) >>> 0, (value << (8 * (address & 3))) >>> 0, true);
    this.runner?.update();
  }
}

function romTableWord(offset: number): number {
  return ROM_ENTRIES.at(offset >>> 2) ?? componentWord({ part: 0x4c0, componentClass: 0x1 }, offset);
}
