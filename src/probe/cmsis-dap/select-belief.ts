import { DP, dpBankOf, dpVersion, select1Of, selectOf, type ApAddress, type DpAddress } from '../../dap/registers.js';
import type { WireProtocol } from '../../dap/wire-protocol.js';

const AP_MASK = 0xfffffff0;
const BANK_MASK = 0x0f;

/**
 * What the driver believes to be in SELECT and SELECT1 of the target, and what has to be written there before an access.
 * Believed is what was written last; whoever runs the writes calls `forget` when they may not have worked, or when the
 * registers may have been changed by other means.
 */
export class SelectBelief {
  #select: number | undefined;
  #select1: number | undefined;
  /** DPBANKSEL, counted on where the rest of SELECT is not. */
  #lastBank: number | undefined;
  #mayBeReset = true;
  /** If it was not reset, the bank may be another than 0. */
  #isBankDoubted = false;
  /** Since SELECT was written last, the line was reset, for whoever answers now: a DPv3 is in bank 0 then (IHI 0074 B4.3.3). */
  #wasLineReset = false;
  /** SELECT1 exists from DPv3 on; before, its address is that of another register. */
  #hasSelect1 = false;
  #protocol: WireProtocol = 'SWD';

  /**
   * While a sticky flag is set the DP answers FAULT to a write of SELECT, but lets CTRL/STAT be read (IHI 0031 B4.2.4):
   * so the bank is counted on where it can be. Bank 0 is also what a reset leaves.
   *
   * @param line  the line, too, may be as after a line reset: then nothing but DPIDR may be read (IHI 0031 B4.3.4)
   * @param bank  DPBANKSEL as it was written last, and acknowledged; undefined where that is not known
   */
  forget(line: boolean, bank?: number): void {
    this.#select = undefined;
    this.#select1 = undefined;
    this.#lastBank = line && bank !== 0 ? undefined : bank;
    this.#mayBeReset ||= line;
    this.#isBankDoubted ||= line && bank !== 0;
  }

  setProtocol(protocol: WireProtocol): void {
    this.#protocol = protocol;
  }

  /** Whether what is read as DPIDR now may be another register: before DPv3 it is in every bank. */
  get isDpidrDoubted(): boolean {
    return this.#hasSelect1 && this.#isBankDoubted && !this.#wasLineReset;
  }

  /** Something was acknowledged: the line is up, in whatever bank. */
  noteUp(): void {
    this.#mayBeReset = false;
  }

  /** The same, whatever it was that was read as DPIDR. */
  noteAnswer(): void {
    this.#mayBeReset = this.#isBankDoubted = false;
  }

  noteLineReset(): void {
    this.#wasLineReset = true;
  }

  /** A sequence has brought up the line, if it is up: in bank 0. */
  noteSequence(): void {
    this.#isBankDoubted = this.#wasLineReset = false;
  }

  /** DPBANKSEL, as far as it is believed or counted on. */
  get bank(): number | undefined {
    return this.#select === undefined ? this.#lastBank : this.#select & BANK_MASK;
  }

  /** Takes note of DPIDR. */
  noteDpidr(dpidr: number): void {
    this.#hasSelect1 = dpVersion(dpidr) >= 3;
    this.noteAnswer();
  }

  /** Calls `write` with what an access to `address` needs, in order: a DP address and its new value. */
  forAp(address: ApAddress, write: (address: DpAddress, value: number) => void): void {
    const select1 = select1Of(address);
    if (select1 !== 0) this.#hasSelect1 = true;
    if (this.#hasSelect1 && this.#select1 !== select1) {
      this.#writeSelect(selectOf(address) | dpBankOf(DP.SELECT1), write);
      write(DP.SELECT1, select1);
      this.#select1 = select1;
    }
    // DPBANKSEL does not matter to an AP access, but 0 is the bank of CTRL/STAT: after a FAULT it is wanted, and then
    // SELECT cannot be written.
    if (this.#select !== selectOf(address)) this.#writeSelect(selectOf(address), write);
  }

  /** As `forAp`, for a DP register. ABORT, RESEND, RDBUFF and TARGETSEL are in every bank: do not ask. */
  forDp(address: DpAddress, write: (address: DpAddress, value: number) => void): void {
    const bank = dpBankOf(address);
    if (bank === this.bank) return;
    // DPIDR is in every bank before DPv3, and a line reset selects bank 0. Over JTAG nothing does, nor has DPIDR to come first.
    const mayBeThere = this.#protocol === 'SWD' && (this.#mayBeReset || !this.#hasSelect1);
    if (this.#select === undefined && address === DP.DPIDR && mayBeThere) return;
    this.#writeSelect(((this.#select ?? 0) & AP_MASK) | bank, write);
  }

  #writeSelect(value: number, write: (address: DpAddress, value: number) => void): void {
    this.#select = value >>> 0;
    this.#lastBank = undefined;
    this.#isBankDoubted = this.#wasLineReset = false;
    write(DP.SELECT, this.#select);
  }
}
