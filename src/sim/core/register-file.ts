export const SP = 13;
export const LR = 14;
export const PC = 15;

/** EPSR.T in xPSR. */
export const XPSR_T = 0x01000000;

/**
 * The registers of DDI 0419 B1.4. The stack pointer in use is in `r[13]`; the other one is kept aside until CONTROL,
 * or the mode, selects it. The unprivileged extension is not implemented: CONTROL.nPRIV is zero.
 */
export class RegisterFile {
  /** R0-R12, SP, LR, and R15 as an instruction reads it: its own address + 4. Signed words. */
  readonly r = new Int32Array(16);
  /** Where a load of several registers keeps them until the last access has succeeded. */
  readonly loadBuffer = new Int32Array(8);
  n = false;
  z = false;
  c = false;
  v = false;
  /** EPSR.T: clear makes the next instruction a fault, as there is no Arm instruction set. */
  t = true;
  /** IPSR: zero is Thread mode. */
  exceptionNumber = 0;
  primask = false;
  /** Address of the next instruction: what a debugger knows as PC. Unsigned, even. */
  pc = 0;
  /** Address of the instruction being executed. */
  current = 0;
  #processStackSelected = false;
  #otherSp = 0;

  /** N and Z from a signed result. */
  setNz(result: number): void {
    this.n = result < 0;
    this.z = result === 0;
  }

  /** AddWithCarry() of DDI 0419 A2.2.1, into the four flags; signed operands and result. Subtract with `~y` and 1. */
  addWithCarry(x: number, y: number, carry: number): number {
    const unsignedSum = (x >>> 0) + (y >>> 0) + carry;
    const result = unsignedSum | 0;
    this.n = result < 0;
    this.z = result === 0;
    this.c = unsignedSum > 0xffffffff;
    this.v = ((x ^ result) & (y ^ result)) < 0;
    return result;
  }

  /** Writes a register by number: bits 1:0 of SP stay zero, and R15 is a branch without change of state. */
  set(register: number, value: number): void {
    if (register === PC) this.pc = (value & ~1) >>> 0;
    else this.r[register] = register === SP ? value & ~3 : value;
  }

  /** Bits 31:28 of xPSR, the others zero. */
  get apsr(): number {
    return (
      (this.n ? 0x80000000 : 0) | (this.z ? 0x40000000 : 0) | (this.c ? 0x20000000 : 0) | (this.v ? 0x10000000 : 0)
    );
  }

  set apsr(value: number) {
    this.n = (value & 0x80000000) !== 0;
    this.z = (value & 0x40000000) !== 0;
    this.c = (value & 0x20000000) !== 0;
    this.v = (value & 0x10000000) !== 0;
  }

  get xpsr(): number {
    return this.apsr | (this.t ? XPSR_T : 0) | this.exceptionNumber;
  }

  set xpsr(value: number) {
    this.apsr = value;
    this.t = (value & XPSR_T) !== 0;
    this.exceptionNumber = value & 0x3f;
    if (this.exceptionNumber !== 0) this.processStackSelected = false;
  }

  /** CONTROL.SPSEL; always clear in Handler mode. */
  get processStackSelected(): boolean {
    return this.#processStackSelected;
  }

  set processStackSelected(selected: boolean) {
    if (selected === this.#processStackSelected) return;
    const other = this.#otherSp;
    this.#otherSp = this.r[SP];
    this.r[SP] = other;
    this.#processStackSelected = selected;
  }

  get control(): number {
    return this.#processStackSelected ? 2 : 0;
  }

  /** Handler mode ignores a write of SPSEL (DDI 0419 B1.4.4). */
  set control(value: number) {
    if (this.exceptionNumber === 0) this.processStackSelected = (value & 2) !== 0;
  }

  get msp(): number {
    return this.#processStackSelected ? this.#otherSp : this.r[SP];
  }

  set msp(value: number) {
    if (this.#processStackSelected) this.#otherSp = value & ~3;
    else this.r[SP] = value & ~3;
  }

  get psp(): number {
    return this.#processStackSelected ? this.r[SP] : this.#otherSp;
  }

  set psp(value: number) {
    if (this.#processStackSelected) this.r[SP] = value & ~3;
    else this.#otherSp = value & ~3;
  }
}
