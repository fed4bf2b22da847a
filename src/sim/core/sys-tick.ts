import { SYS_TICK } from './exception-state.js';
import type { ExceptionState } from './exception-state.js';

const ENABLE = 0x1;
const TICKINT = 0x2;
/** No reference clock is implemented, so CLKSOURCE reads as one. */
const CLKSOURCE = 0x4;
const COUNTFLAG = 0x10000;
/** SYST_CALIB: NOREF and SKEW, TENMS unknown. */
const CALIB = 0xc0000000;

/** The 24-bit down counter of DDI 0419 B3.3. Its clock is the instruction: one executed, one cycle. */
export class SysTick {
  #enabled = false;
  #interrupts = false;
  #counted = false;
  #reload = 0;
  #value = 0;
  readonly #exceptions: ExceptionState;

  constructor(exceptions: ExceptionState) {
    this.#exceptions = exceptions;
  }

  get enabled(): boolean {
    return this.#enabled;
  }

  reset(): void {
    this.#enabled = this.#interrupts = this.#counted = false;
    this.#reload = this.#value = 0;
  }

  /** One cycle. Only a count from one to zero sets COUNTFLAG and pends; the next cycle reloads. */
  tick(): void {
    if (this.#value === 0) this.#value = this.#reload;
    else if (--this.#value === 0) {
      this.#counted = true;
      if (this.#interrupts) this.#exceptions.setPending(SYS_TICK);
    }
  }

  /**
   * Lets time pass without instructions, while the core sleeps: until the next count to zero, at most `cycles`.
   *
   * @returns the cycles that passed
   */
  sleep(cycles: number): number {
    if (!this.#enabled || (this.#value === 0 && this.#reload === 0)) return cycles;
    const untilZero = this.#value === 0 ? this.#reload + 1 : this.#value;
    const passing = Math.min(cycles, untilZero);
    if (this.#value === 0) this.#value = this.#reload + 1;
    this.#value -= passing - 1;
    this.tick();
    return passing;
  }

  read(offset: number, byDebugger: boolean): number {
    switch (offset) {
      case 0x010: {
        const flags = (this.#enabled ? ENABLE : 0) | (this.#interrupts ? TICKINT : 0) | (this.#counted ? COUNTFLAG : 0);
        if (!byDebugger) this.#counted = false; // cleared by a read of the core only: it is the core's flag
        return flags | CLKSOURCE;
      }
      case 0x014:
        return this.#reload;
      case 0x018:
        return this.#value;
      case 0x01c:
        return CALIB;
      default:
        return 0;
    }
  }

  write(offset: number, value: number): void {
    switch (offset) {
      case 0x010:
        this.#enabled = (value & ENABLE) !== 0;
        this.#interrupts = (value & TICKINT) !== 0;
        break;
      case 0x014:
        this.#reload = value & 0xffffff;
        break;
      case 0x018:
        this.#value = 0; // any write clears the counter and COUNTFLAG, and pends nothing
        this.#counted = false;
        break;
    }
  }
}
