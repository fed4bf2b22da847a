// The JTAG side of a DP: the TAP controller of IEEE 1149.1 and the scan chains of a JTAG-DP (IHI 0031 B3).

import { Ack } from '../../dap/ack.js';
import { ABORT, DP } from '../../dap/registers.js';
import { Request } from './access-faults.js';
import type { Bit } from './bits.js';
import { BAD_PARITY, type DebugPort } from './debug-port.js';

type TapState =
  | 'test-logic-reset'
  | 'run-test-idle'
  | 'select-dr'
  | 'capture-dr'
  | 'shift-dr'
  | 'exit1-dr'
  | 'pause-dr'
  | 'exit2-dr'
  | 'update-dr'
  | 'select-ir'
  | 'capture-ir'
  | 'shift-ir'
  | 'exit1-ir'
  | 'pause-ir'
  | 'exit2-ir'
  | 'update-ir';

/** Next state for TMS 0 and 1 (IEEE 1149.1, figure "TAP controller state diagram"). */
const next: Readonly<Record<TapState, readonly [TapState, TapState]>> = {
  'test-logic-reset': ['run-test-idle', 'test-logic-reset'],
  'run-test-idle': ['run-test-idle', 'select-dr'],
  'select-dr': ['capture-dr', 'select-ir'],
  'capture-dr': ['shift-dr', 'exit1-dr'],
  'shift-dr': ['shift-dr', 'exit1-dr'],
  'exit1-dr': ['pause-dr', 'update-dr'],
  'pause-dr': ['pause-dr', 'exit2-dr'],
  'exit2-dr': ['shift-dr', 'update-dr'],
  'update-dr': ['run-test-idle', 'select-dr'],
  'select-ir': ['capture-ir', 'test-logic-reset'],
  'capture-ir': ['shift-ir', 'exit1-ir'],
  'shift-ir': ['shift-ir', 'exit1-ir'],
  'exit1-ir': ['pause-ir', 'update-ir'],
  'pause-ir': ['pause-ir', 'exit2-ir'],
  'exit2-ir': ['shift-ir', 'update-ir'],
  'update-ir': ['run-test-idle', 'select-dr'],
};

/** Instructions of a JTAG-DP (IHI 0031 B3.2.2). */
export const JtagInstruction = { ABORT: 0x8, DPACC: 0xa, APACC: 0xb, IDCODE: 0xe, BYPASS: 0xf } as const;
export const IR_LENGTH_BITS = 4;

/** ACK[2:0] of the scan chains DPACC and APACC: not the codes of SWD (IHI 0031 B3.4.3). */
const ACK_OK_FAULT = 0b010;
const ACK_WAIT = 0b001;

export class JtagTap {
  #state: TapState = 'test-logic-reset';
  #ir: number = JtagInstruction.IDCODE;
  #irShift = 0;
  /** The data register between TDI and TDO: bits 2:0 in `#low` and 31:0 above them in `#word` for the 35-bit chains. */
  #low = 0;
  #word = 0;
  /** Result of the transaction before, which the next scan captures. */
  #result = 0;
  #ack = ACK_OK_FAULT;
  /** Tries the access again that has not come to its end. */
  #unfinished: (() => void) | undefined;
  /** TDO is stuck high. */
  #dead = false;
  /** Called to make an access while TDO is stuck: the probe breaks its scan off, so it is of whatever was shifted so far. */
  onBrokenScan: (access: () => void) => void = (access) => access();

  constructor(
    readonly dp: DebugPort,
    readonly idcode: number,
  ) {}

  /** As `reset`, and no access is unfinished any more. */
  powerUp(): void {
    this.#unfinished = undefined;
    this.#result = 0;
    this.reset();
  }

  /** nTRST, or a switch to JTAG. */
  reset(): void {
    this.#state = 'test-logic-reset';
    this.#enterReset();
  }

  /** One TCK with these levels. @returns TDO as it was before the rising edge */
  clock(tms: Bit, tdi: Bit): Bit {
    let tdo: Bit = 1;
    if (this.#state === 'shift-dr') tdo = this.#shiftData(tdi);
    else if (this.#state === 'shift-ir') {
      tdo = this.#irShift & 1 ? 1 : 0;
      this.#irShift = (this.#irShift >>> 1) | (tdi << (IR_LENGTH_BITS - 1));
    }
    this.#state = next[this.#state][tms];
    switch (this.#state) {
      case 'test-logic-reset':
        this.#enterReset();
        break;
      case 'capture-ir':
        this.#irShift = 0b0001; // IEEE 1149.1: the two low bits are 01
        break;
      case 'update-ir':
        this.#ir = this.#irShift;
        break;
      case 'capture-dr':
        this.#capture();
        break;
      case 'update-dr':
        this.#update();
        break;
      default:
        break;
    }
    return this.#dead ? 1 : tdo;
  }

  #enterReset(): void {
    this.#ir = JtagInstruction.IDCODE;
    this.#dead = false;
  }

  #shiftData(tdi: Bit): Bit {
    switch (this.#ir) {
      case JtagInstruction.ABORT:
      case JtagInstruction.DPACC:
      case JtagInstruction.APACC: {
        const out = this.#low & 1;
        this.#low = (this.#low >>> 1) | ((this.#word & 1) << 2);
        this.#word = (this.#word >>> 1) | (tdi << 31);
        return out ? 1 : 0;
      }
      case JtagInstruction.IDCODE: {
        const out = this.#word & 1;
        this.#word = (this.#word >>> 1) | (tdi << 31);
        return out ? 1 : 0;
      }
      default: {
        const out = this.#low & 1;
        this.#low = tdi;
        return out ? 1 : 0;
      }
    }
  }

  #capture(): void {
    switch (this.#ir) {
      case JtagInstruction.DPACC:
      case JtagInstruction.APACC:
        this.#ack = this.#unfinished ? ACK_WAIT : ACK_OK_FAULT;
        this.#low = this.#ack;
        this.#word = this.#result;
        if (this.#unfinished) this.#attempt(this.#unfinished);
        break;
      case JtagInstruction.IDCODE:
        this.#word = this.idcode;
        break;
      default: // BYPASS and every unused instruction; ABORT has nothing to show
        this.#low = 0;
        this.#word = 0;
        break;
    }
  }

  #update(): void {
    if (this.#ir === JtagInstruction.ABORT) {
      if (this.#word & ABORT.DAPABORT) this.#unfinished = undefined;
      this.dp.abort(this.#word >>> 0);
    } else if (this.#ir === JtagInstruction.DPACC || this.#ir === JtagInstruction.APACC) {
      // What was shifted in behind a WAIT is thrown away (IHI 0031 B3.4.3).
      if (this.#ack !== ACK_WAIT) this.#startAccess();
    }
  }

  #startAccess(): void {
    const port = this.#ir === JtagInstruction.APACC ? Request.AP : 0;
    const request = port | (this.#low & 1 ? Request.READ : 0) | ((this.#low & 6) << 1);
    const value = this.#word >>> 0;
    this.#attempt(() => this.#access(request, value));
  }

  #attempt(access: () => void): void {
    this.#unfinished = undefined;
    if (this.#dead) this.onBrokenScan(access);
    else access();
  }

  #access(request: number, value: number): void {
    if (!this.#undisturbed(request, value)) return;
    const [ap, read] = [(request & Request.AP) !== 0, (request & Request.READ) !== 0];
    const address = request & Request.ADDRESS_MASK;
    // RDBUFF of a JTAG-DP reads as zero, and RESEND is not there (IHI 0031 B2.2.7).
    if (!ap && read) this.#result = address === DP.CTRL_STAT || address === DP.DPIDR ? this.dp.readDp(address) : 0;
    else if (!ap) {
      if (address === DP.CTRL_STAT) this.dp.clearSticky(value);
      // Address 0 is reserved here: ABORT has a scan chain of its own.
      if (address !== DP.ABORT) this.dp.write(request, value);
    } else if (this.dp.sticky) this.#result = 0;
    else if (read) this.#result = this.dp.readAp(request);
    else this.dp.write(request, value);
  }

  /** Whether the access takes place: injected faults, as they look on this wire. */
  #undisturbed(request: number, value: number): boolean {
    const ack = this.dp.injected(request);
    switch (ack) {
      case undefined:
        return true;
      case Ack.Wait:
        // Told by the next scan, which is no access itself (IHI 0031 B3.4.3); this one takes until then, at least.
        this.#unfinished = () => this.#access(request, value);
        return false;
      case Ack.None:
        // Without power it starts anew, which also shows: nobody drives TDO where the probe expects an ACK, or CTRL/STAT.
        this.#dead = this.#state !== 'test-logic-reset';
        return false;
      default: // there is no parity on this wire, and a fault shows in CTRL/STAT alone
        return (ack & BAD_PARITY) !== 0;
    }
  }
}
