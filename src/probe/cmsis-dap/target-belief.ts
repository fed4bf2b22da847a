import { TransferFaultError, TransferTimeoutError } from '../../dap/errors.js';
import { type ApAddress, CTRL_STAT, DP, type DpAddress } from '../../dap/registers.js';
import type { WireProtocol } from '../../dap/wire-protocol.js';
import type { Transfer } from './commands/transfer.js';
import { MemApBelief, mayReset } from './mem-ap-belief.js';
import { SelectBelief } from './select-belief.js';

/** Takes a DP write that an access needs before it. */
type SetUp = (address: DpAddress, value: number) => void;

/**
 * What the driver believes to be in SELECT, CSW and TAR of the target, and so need not write; and the one list of what
 * ends that: any ACK but OK, a sequence on the line, TARGETSEL, a connect, nRESET, a change of the power requests, ABORT,
 * a timeout, SYSRESETREQ (docs/architecture.md, "Posted writes").
 */
export class TargetBelief {
  readonly #select = new SelectBelief();
  readonly #memAps = new MemApBelief();
  /** DPBANKSEL when the last packet had been executed. */
  #bankOnWire: number | undefined;
  #powerRequests: number | undefined;
  /** CDBGPWRUPREQ as it was written, and as it is there: it is counted on for longer, no reset or sequence takes it back. */
  #writtenRequest = 0;
  #debugPowerRequest = 0;

  setProtocol(protocol: WireProtocol): void {
    this.#select.setProtocol(protocol);
    this.forgetTarget();
  }

  // ---- what an access needs, and whether it is needed

  /** Calls `write` with what an access to the DP register needs, in order. */
  prepareDp(address: DpAddress, write: SetUp): void {
    if ((address & 0x08) === 0) this.#select.forDp(address, write); // the others are in every bank
  }

  /** As `prepareDp`, for an AP register. */
  prepareAp(address: ApAddress, write: SetUp): void {
    this.#select.forAp(address, write);
  }

  /** Whether a write to an AP register would change nothing. */
  holds(address: ApAddress, value: number): boolean {
    return this.#memAps.holds(address, value);
  }

  /** CDBGPWRUPREQ, if it is to be found in CTRL/STAT of a target that has kept its power; else 0. */
  get debugPowerRequest(): number {
    return this.#debugPowerRequest;
  }

  /** Whether what was just read as DPIDR has to be read once more, since it may be another register. */
  readsDpidrAgain(): boolean {
    if (!this.#select.isDpidrDoubted) return false;
    this.#select.noteAnswer();
    return true;
  }

  // ---- what accesses tell

  dpRead(address: DpAddress, value: number): void {
    if (address === DP.DPIDR) this.#select.noteDpidr(value);
    if (address === DP.CTRL_STAT && value & CTRL_STAT.CDBGPWRUPREQ) {
      this.#writtenRequest = this.#debugPowerRequest = CTRL_STAT.CDBGPWRUPREQ;
    }
  }

  apRead(address: ApAddress, words: Uint32Array): void {
    this.#memAps.noteRead(address, words);
  }

  /** @param isAllSent  no access waits to be sent */
  apWritten(address: ApAddress, words: Uint32Array, isAllSent: boolean): void {
    this.#memAps.noteWrite(address, words);
    if (mayReset(words)) this.forget(isAllSent);
  }

  /** The power-up requests are written. */
  powerWritten(requests: number): void {
    if (this.#powerRequests !== requests) {
      this.#select.forget(false);
      this.#memAps.forget();
    }
    this.#powerRequests = requests;
    this.#writtenRequest = requests & CTRL_STAT.CDBGPWRUPREQ;
  }

  /** Everything prepared so far was executed. */
  executed(): void {
    this.#select.noteUp();
    this.#bankOnWire = this.#select.bank;
    this.#debugPowerRequest = this.#writtenRequest;
  }

  // ---- what ends belief

  /** ABORT is written. */
  abortWritten(): void {
    this.#forget(false);
  }

  /** After any ACK but OK nobody knows how far it got. @param collected  the DAP_Transfer that failed, or was before it */
  failed(error: unknown, collected: Transfer): void {
    if (this.#writtenRequest !== this.#debugPowerRequest) this.#forgetRequest();
    const isFault = error instanceof TransferFaultError && error.access !== undefined;
    const written = collected.lastAcknowledgedDpWrite(DP.SELECT);
    const bank = written === undefined ? this.#bankOnWire : written & 0xf;
    // An ACK of any kind: the line is up. Without one it may have been SELECT that was being written.
    const isAnswered = isFault || error instanceof TransferTimeoutError;
    const pending = isFault ? undefined : collected.unacknowledgedDpWrite(DP.SELECT);
    this.#forget(!isAnswered, pending === undefined || (pending & 0xf) === bank ? bank : undefined);
    if (isAnswered) this.#select.noteUp();
  }

  /** Over JTAG, ACK is that of the scan before; and a scan that breaks off is an access: to SELECT, maybe. */
  scanBroken(): void {
    this.#forgetRequest();
    this.forget(false);
  }

  /** Something happened that may have changed registers of the target: a reset. @param isAllSent  see `apWritten` */
  forget(isAllSent: boolean): void {
    this.#forget(true, isAllSent ? this.#bankOnWire : undefined);
  }

  /** As `forget`, after bits that nobody answers: if the target is the one it was, so is its bank. @param isReset  for SWD */
  forgetLine(isAllSent: boolean, isReset: boolean): void {
    this.forget(isAllSent);
    if (isReset) this.#select.noteLineReset();
    this.#memAps.forgetTarget();
  }

  /** Another target may be on the wire: after a sequence or a connect. */
  forgetTarget(): void {
    this.#forget(true);
    this.#select.noteSequence();
    this.#memAps.forgetTarget();
    this.#forgetRequest();
  }

  #forgetRequest(): void {
    this.#writtenRequest = this.#debugPowerRequest = 0;
  }

  /** @param line  the line, too, may have been reset. @param bank  see `SelectBelief` */
  #forget(line: boolean, bank?: number): void {
    this.#select.forget(line, bank);
    this.#memAps.forget();
    this.#bankOnWire = this.#select.bank;
    this.#powerRequests = undefined;
  }
}
