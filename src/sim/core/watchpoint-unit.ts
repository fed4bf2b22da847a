import { componentId } from './component-id.js';
import { DEMCR } from './halting-debug.js';
import type { HaltingDebug } from './halting-debug.js';
import type { PpbBlock } from './ppb-block.js';

const COMPARATORS = 2;
const DWT_CTRL = 0x000;
const DWT_PCSR = 0x01c;
const DWT_COMP0 = 0x020;
const DWT_END = DWT_COMP0 + 16 * COMPARATORS;
const MATCHED = 0x01000000;

/** DWT_FUNCTION, bits 3:0. */
const FUNCTION = { PC: 4, READ: 5, WRITE: 6, ACCESS: 7 } as const;

interface Comparator {
  /** DWT_COMP: an address. */
  address: number;
  /** DWT_MASK: so many low bits of the address are ignored. */
  maskBits: number;
  function: number;
  matched: boolean;
}

const UNUSED: Readonly<Comparator> = { address: 0, maskBits: 0, function: 0, matched: false };

/** The DWT: two comparators on data or instruction addresses, and PC sampling (DDI 0419 C1.7). */
export class WatchpointUnit implements PpbBlock {
  /** Whether a data access can match: asked at each access of the core. */
  watchesData = false;
  /** Whether an instruction address can match: asked after each instruction. */
  watchesPc = false;
  readonly #debug: HaltingDebug;
  readonly #samplePc: () => number;
  readonly #comparators: Comparator[] = Array.from({ length: COMPARATORS }, () => ({ ...UNUSED }));

  /** @param samplePc  address of an instruction lately executed, 0xFFFFFFFF if there is none to tell */
  constructor(debug: HaltingDebug, samplePc: () => number) {
    this.#debug = debug;
    this.#samplePc = samplePc;
  }

  /** Power came back: all is off. DEMCR has been cleared. */
  powerUp(): void {
    for (const comparator of this.#comparators) Object.assign(comparator, UNUSED);
    this.rearm();
  }

  /** An access of the core was made. It matches if it touches any byte of the watched block. */
  dataAccess(address: number, sizeBytes: number, isWrite: boolean): void {
    for (const comparator of this.#comparators) {
      const wanted = isWrite ? FUNCTION.WRITE : FUNCTION.READ;
      if (comparator.function !== FUNCTION.ACCESS && comparator.function !== wanted) continue;
      const block = blockOf(comparator);
      if (address < block.end && address + sizeBytes > block.start) this.#match(comparator);
    }
  }

  /** An instruction was executed; its address is even, and bit 0 of the comparator is ignored. */
  executed(address: number): void {
    for (const comparator of this.#comparators) {
      if (comparator.function !== FUNCTION.PC) continue;
      const block = blockOf(comparator);
      if (address >= (block.start & ~1) >>> 0 && address < block.end) this.#match(comparator);
    }
  }

  /** Must be called when DEMCR changes: DWTENA enables the unit. */
  rearm(): void {
    const enabled = (this.#debug.demcr & DEMCR.DWTENA) !== 0;
    this.watchesPc = enabled && this.#comparators.some((comparator) => comparator.function === FUNCTION.PC);
    this.watchesData = enabled && this.#comparators.some((comparator) => comparator.function >= FUNCTION.READ);
  }

  read(offset: number, byDebugger: boolean): number {
    if (!byDebugger) return 0;
    if (offset === DWT_CTRL) return (COMPARATORS << 28) >>> 0;
    if (offset === DWT_PCSR) return (this.#debug.demcr & DEMCR.DWTENA) !== 0 ? this.#samplePc() : 0xffffffff;
    if (offset >= DWT_COMP0 && offset < DWT_END)
      return readComparator(this.#comparators[(offset - DWT_COMP0) >>> 4], offset & 0xc);
    return componentId(0x0a, offset) ?? 0;
  }

  write(offset: number, value: number, byDebugger: boolean): void {
    if (!byDebugger || offset < DWT_COMP0 || offset >= DWT_END) return;
    const comparator = this.#comparators[(offset - DWT_COMP0) >>> 4];
    switch (offset & 0xc) {
      case 0x0:
        comparator.address = value;
        break;
      case 0x4:
        comparator.maskBits = value & 0x1f;
        break;
      case 0x8:
        // Other values are reserved; they disable the comparator here.
        comparator.function = (value & 0xf) >= FUNCTION.PC && (value & 0xf) <= FUNCTION.ACCESS ? value & 0xf : 0;
        comparator.matched = false;
        break;
    }
    this.rearm();
  }

  #match(comparator: Comparator): void {
    comparator.matched = true;
    this.#debug.requestWatchpointHalt();
  }
}

/** The bytes a comparator watches; `end` is the first one behind them, up to 2^32. */
function blockOf({ address, maskBits }: Comparator): { start: number; end: number } {
  const sizeBytes = 2 ** maskBits;
  const start = address - (address % sizeBytes);
  return { start, end: start + sizeBytes };
}

function readComparator(comparator: Comparator, register: number): number {
  switch (register) {
    case 0x0:
      return comparator.address;
    case 0x4:
      return comparator.maskBits;
    case 0x8: {
      const value = comparator.function | (comparator.matched ? MATCHED : 0);
      comparator.matched = false; // MATCHED is cleared by reading it
      return value;
    }
    default:
      return 0;
  }
}
