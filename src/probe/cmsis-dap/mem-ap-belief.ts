// What the driver believes to be in CSW and TAR of the target's MEM-APs, so that writes that change nothing can be left
// out. Arm IHI 0031 C2, IHI 0074 C2.

import { resetsTarget } from '../../dap/core-debug.js';
import { type ApAddress, CSW, isMemApIdr, MEM_AP, TAR_PAGE_BYTES } from '../../dap/registers.js';

/** Registers of a MEM-AP lie in one block of this size, in ADIv5 and, at base + 0xD00, in ADIv6. */
const BLOCK = 0x100;
/** More than a target has; one that does not look at all bits of an address shows them again and again. */
const MAX_MEM_APS = 256;

interface MemAp {
  csw: number | undefined;
  tar: number | undefined;
}

/**
 * Only an AP whose IDR was read and says MEM-AP is believed anything of: a write to another kind of AP may be a command,
 * which is to be executed as often as it is written.
 */
export class MemApBelief {
  /** By the address of their register blocks. */
  readonly #memAps = new Map<number, MemAp>();

  /** The registers may have changed by other means, or a write of them may have failed. */
  forget(): void {
    for (const memAp of this.#memAps.values()) memAp.csw = memAp.tar = undefined;
  }

  /** Another target may be on the wire: even which APs are MEM-APs is not known any more. */
  forgetTarget(): void {
    this.#memAps.clear();
  }

  /** Whether a write of `value` would change nothing. */
  holds(address: ApAddress, value: number): boolean {
    const memAp = this.#memAps.get(blockOf(address));
    if (!memAp) return false;
    const register = address % BLOCK;
    if (register === MEM_AP.CSW) return memAp.csw === value;
    return register === MEM_AP.TAR && memAp.tar === value;
  }

  /** `words` were read from one register. */
  noteRead(address: ApAddress, words: Uint32Array): void {
    const register = address % BLOCK;
    if (register === MEM_AP.IDR) {
      const block = blockOf(address);
      if (!isMemApIdr(words[0])) this.#memAps.delete(block);
      else if (!this.#memAps.has(block)) {
        if (this.#memAps.size >= MAX_MEM_APS) this.#memAps.clear();
        this.#memAps.set(block, { csw: undefined, tar: undefined });
      }
    } else if (register === MEM_AP.DRW) {
      const memAp = this.#memAps.get(blockOf(address));
      if (memAp) advance(memAp, words.length);
    }
  }

  /** `words` are written to one register. */
  noteWrite(address: ApAddress, words: Uint32Array): void {
    const memAp = this.#memAps.get(blockOf(address));
    if (!memAp) return;
    switch (address % BLOCK) {
      case MEM_AP.CSW:
        memAp.csw = words[words.length - 1];
        break;
      case MEM_AP.TAR:
        memAp.tar = words[words.length - 1];
        break;
      case MEM_AP.TAR_HIGH:
        memAp.tar = undefined;
        break;
      case MEM_AP.DRW:
        advance(memAp, words.length);
        break;
    }
  }
}

/**
 * Whether words written to a target may be meant to reset it, wherever they go: where TAR points is not always known,
 * and a value that only looks like it costs no more than a few writes that could have been left out.
 */
export function mayReset(words: Uint32Array): boolean {
  return words.some(resetsTarget);
}

function blockOf(address: ApAddress): number {
  return address - (address % BLOCK);
}

/** By how many bytes an access moves TAR on; NaN where that is for the MEM-AP to say (packed transfers, wide ones). */
function stepOf(csw: number): number {
  const increment = csw & CSW.ADDRINC_MASK;
  const size = csw & CSW.SIZE_MASK;
  if (increment === 0) return 0;
  return increment === CSW.ADDRINC_SINGLE && size <= CSW.SIZE_WORD ? 1 << size : NaN;
}

function advance(memAp: MemAp, accesses: number): void {
  const { csw, tar } = memAp;
  memAp.tar = undefined;
  if (csw === undefined || tar === undefined) return;
  const end = tar + stepOf(csw) * accesses;
  const staysInPage = Math.floor(end / TAR_PAGE_BYTES) === Math.floor(tar / TAR_PAGE_BYTES); // false for NaN
  if (staysInPage) memAp.tar = end;
}
