// The debug registers of a core behind a MEM-AP. DCRSR and DCRDR work together, and a stock client lets go of the lock
// between them: what it has begun is begun again after others were there. Of DHCSR two bits are lost by being read: who
// has not seen them yet, still will. Halts and resets are told to who wants to know.

import { never } from '../base/never.js';
import { CORE_DEBUG, DCRSR_WRITE, DHCSR, resetsTarget } from '../dap/core-debug.js';
import { MEM_AP } from '../dap/registers.js';
import type { DapPort } from '../probe/probe.js';
import type { CoreTransfer } from './mem-ap-state.js';
import type { MemApUser } from './mem-ap-user.js';

/** Words of memory that an access reaches: `count` of them, `step` bytes apart. */
export interface CoreAccess {
  readonly address: number;
  readonly step: 0 | 4;
  readonly count: number;
}

/** What a client did to a core that others will notice. */
export interface TargetWatch {
  halted(): void;
  wasReset(): void;
}

const READ_ONCE = DHCSR.S_RESET_ST | DHCSR.S_RETIRE_ST;
/** How often S_REGRDY is looked for: a transfer takes a core a few cycles (DDI 0403 C1.6.3). */
const READY_POLLS = 50;
/** Banked data registers of 0xE000EDF0. */
const BD_DHCSR = MEM_AP.BD0;
const BD_DCRSR = MEM_AP.BD0 + 4;
const BD_DCRDR = MEM_AP.BD0 + 8;

/** In the 1 KB of the System Control Space where AIRCR and the debug registers are. */
export function isNearCore(address: number): boolean {
  return address >>> 10 === CORE_DEBUG.AIRCR >>> 10;
}

export class CoreWatch {
  constructor(
    private readonly user: MemApUser,
    private readonly watch: TargetWatch,
  ) {}

  async beforeRead(dap: DapPort, access: CoreAccess): Promise<void> {
    if (indexOf(access, CORE_DEBUG.DCRDR) !== undefined) await this.#restore(dap);
  }

  afterRead(access: CoreAccess, words: Uint32Array): void {
    const at = indexOf(access, CORE_DEBUG.DHCSR);
    if (at !== undefined) words[at] = this.#readOnce(words[at]);
  }

  /** DCRSR sends what is in DCRDR. */
  async beforeWrite(dap: DapPort, access: CoreAccess, values: Uint32Array): Promise<void> {
    const at = indexOf(access, CORE_DEBUG.DCRSR);
    if (at !== undefined && values[at] & DCRSR_WRITE) await this.#restore(dap);
  }

  afterWrite(access: CoreAccess, values: Uint32Array): void {
    for (let i = 0; i < values.length; i++) this.#noteWrite(access.address + i * access.step, values[i]);
  }

  #noteWrite(address: number, value: number): void {
    const { ap, view } = this.user;
    switch (address) {
      case CORE_DEBUG.DCRSR:
        if (!(value & DCRSR_WRITE)) view.core = { kind: 'selected', register: value };
        ap.coreOwner = view;
        break;
      case CORE_DEBUG.DCRDR:
        view.core = { kind: 'value', value };
        ap.coreOwner = view;
        break;
      case CORE_DEBUG.DHCSR:
        if (value >>> 16 === DHCSR.KEY && value & DHCSR.C_HALT && value & DHCSR.C_DEBUGEN) this.watch.halted();
        break;
      case CORE_DEBUG.AIRCR:
        if (resetsTarget(value)) this.watch.wasReset();
        break;
    }
  }

  /** Brings DCRDR back to what this user has to find there. */
  async #restore(dap: DapPort): Promise<void> {
    const { ap, view } = this.user;
    if (ap.coreOwner === view) return;
    ap.coreOwner = undefined; // until it is done
    if (view.core) await this.#reissue(dap, view.core);
    ap.coreOwner = view;
  }

  async #reissue(dap: DapPort, transfer: CoreTransfer): Promise<void> {
    const { ap, view, base } = this.user;
    ap.hasIntruded = true;
    const { tar = CORE_DEBUG.DHCSR } = view;
    const isElsewhere = (tar & ~0xf) >>> 0 !== CORE_DEBUG.DHCSR;
    if (isElsewhere) {
      ap.spoilt('tar'); // until it is put back
      await dap.writeAp(base + MEM_AP.TAR, Uint32Array.of(CORE_DEBUG.DHCSR), never);
    }
    if (transfer.kind === 'value') {
      await dap.writeAp(base + BD_DCRDR, Uint32Array.of(transfer.value), never);
    } else {
      await dap.writeAp(base + BD_DCRSR, Uint32Array.of(transfer.register), never);
      await this.#untilReady(dap);
    }
    if (isElsewhere) await dap.writeAp(base + MEM_AP.TAR, Uint32Array.of(tar), never);
    await dap.flush(never);
    if (isElsewhere) ap.owners.tar = view;
  }

  async #untilReady(dap: DapPort): Promise<void> {
    for (let polls = 0; polls < READY_POLLS; polls++) {
      const [dhcsr] = await dap.readAp(this.user.base + BD_DHCSR, 1, never);
      for (const view of this.user.ap.views) view.missedDhcsr |= dhcsr & READ_ONCE;
      if (dhcsr & DHCSR.S_REGRDY) return;
    }
  }

  /** @returns DHCSR as its reader would have found it, had nobody else read it */
  #readOnce(dhcsr: number): number {
    const { ap, view } = this.user;
    if (ap.views.size > 1) for (const other of ap.views) other.missedDhcsr |= dhcsr & READ_ONCE;
    const whole = (dhcsr | view.missedDhcsr) >>> 0;
    view.missedDhcsr = 0;
    return whole;
  }
}

/** Which word of an access is the one at `address`. */
function indexOf({ address: start, step, count }: CoreAccess, address: number): number | undefined {
  if (start === address) return 0;
  const index = (address - start) / 4;
  return step === 4 && index > 0 && index < count ? index : undefined;
}
