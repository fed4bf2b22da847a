/** Why the core halted: bits of DFSR (DDI 0419, DFSR). */
export const DFSR = { HALTED: 0x01, BKPT: 0x02, DWTTRAP: 0x04, VCATCH: 0x08, EXTERNAL: 0x10 } as const;

/** Bits of DEMCR (DDI 0419, DEMCR). */
export const DEMCR = { VC_CORERESET: 0x001, VC_HARDERR: 0x400, DWTENA: 0x01000000 } as const;

/** Debug state and what leads to it. All of it survives a local reset, save `haltRequested`, `step` and `halted`. */
export class HaltingDebug {
  /** DHCSR.C_DEBUGEN: without it no debug event halts the core. */
  enabled = false;
  /** DHCSR.C_HALT: also set by whatever halts the core. */
  haltRequested = false;
  /** DHCSR.C_STEP; never without C_DEBUGEN. */
  step = false;
  /** DHCSR.C_MASKINTS. */
  maskInterrupts = false;
  halted = false;
  dfsr = 0;
  demcr = 0;
  /** Something must be seen to as soon as the instruction being executed is complete. */
  trap = false;
  /** The instruction being executed is the one step that was asked for. */
  stepping = false;
  /** A watchpoint matched; it halts once the instruction is complete. */
  watchpointHit = false;
  /** The core itself wrote SYSRESETREQ; the board hears of it once the instruction is complete. */
  resetRequested = false;

  /** Power came back: no debugger has been here. A reset follows. */
  powerUp(): void {
    this.enabled = this.haltRequested = this.maskInterrupts = false;
    this.dfsr = this.demcr = 0;
  }

  halt(cause: number): void {
    this.halted = true;
    this.haltRequested = true;
    this.stepping = false;
    this.watchpointHit = false;
    this.trap = true; // ends the run loop
    this.dfsr |= cause;
  }

  /** Leaves Debug state; with C_STEP set, for one instruction or one exception entry. */
  resume(): void {
    this.halted = false;
    this.stepping = this.step;
    this.trap = this.stepping;
  }

  /** Without C_DEBUGEN the match shows in the comparator only. */
  requestWatchpointHalt(): void {
    if (!this.enabled) return;
    this.watchpointHit = true;
    this.trap = true;
  }

  requestReset(): void {
    this.resetRequested = true;
    this.trap = true;
  }

  /** @param bit  of DEMCR */
  catches(bit: number): boolean {
    return this.enabled && (this.demcr & bit) !== 0;
  }
}
