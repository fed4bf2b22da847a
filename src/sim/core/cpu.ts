import { BusFault } from './bus-fault.js';
import type { CoreMemory } from './core-memory.js';
import { popFrame, pushFrame } from './exception-frame.js';
import { HARD_FAULT, SV_CALL } from './exception-state.js';
import type { ExceptionState } from './exception-state.js';
import { DEMCR, DFSR } from './halting-debug.js';
import type { HaltingDebug } from './halting-debug.js';
import { InstructionFault } from './instruction-fault.js';
import { LR, RegisterFile } from './register-file.js';

/** What PC reads as in lockup (DDI 0419 B1.5, lockup). */
const LOCKUP_ADDRESS = 0xfffffffe;

/** The processor as its instructions see it: registers, memory, and the ways out of the normal flow. */
export class Cpu extends RegisterFile {
  /** What a sleeping core waits for: WFI an exception, WFE the event register as well. */
  sleeping: 'no' | 'wfi' | 'wfe' = 'no';
  lockedUp = false;
  /** SCR.SLEEPONEXIT. */
  sleepOnExit = false;

  constructor(
    readonly memory: CoreMemory,
    readonly exceptions: ExceptionState,
    readonly debug: HaltingDebug,
  ) {
    super();
  }

  /**
   * TakeReset() of DDI 0419 B1.5.5. What the manual leaves UNKNOWN is zero. The vectors are read after everything
   * else is in its reset state, so a fault there is lockup, as in HardFault.
   */
  takeReset(): void {
    this.exceptionNumber = 0;
    this.processStackSelected = false;
    this.xpsr = 0;
    this.r.fill(0);
    this.psp = 0;
    this.r[LR] = -1;
    this.primask = false;
    this.sleeping = 'no';
    this.lockedUp = false;
    this.sleepOnExit = false;
    this.exceptions.reset();
    try {
      this.msp = this.memory.readVector(0);
      this.#branchWithState(this.memory.readVector(4));
    } catch (error) {
      rethrowUnlessFault(error);
      this.exceptionNumber = HARD_FAULT;
      this.exceptions.activate(HARD_FAULT);
      this.#lockUp();
    }
  }

  /** BXWritePC(): bit 0 is the state to go on in, and in Handler mode 0xFXXXXXXX is an exception return. */
  branchExchange(target: number): void {
    if (this.exceptionNumber !== 0 && target >>> 28 === 0xf) this.#returnFromException(target);
    else this.#branchWithState(target);
  }

  /** BLXWritePC(): as above, without exception return. */
  branchLinkExchange(target: number): void {
    this.#branchWithState(target);
  }

  /** SVC: its exception is taken at once, or becomes a HardFault where its priority does not suffice. */
  supervisorCall(): void {
    if (this.exceptions.priority(SV_CALL) >= this.exceptions.executionPriority(this.primask))
      throw new InstructionFault('SVC at or above the priority of SVCall');
    this.enter(SV_CALL, this.pc);
  }

  /** BKPT: with halting debug the core halts on it, without it is a HardFault (DDI 0419 C1.5). */
  breakpoint(): void {
    if (!this.debug.enabled) throw new InstructionFault('BKPT without a debugger');
    this.pc = this.current;
    this.enterDebug(DFSR.BKPT);
  }

  waitForInterrupt(): void {
    this.sleeping = 'wfi';
    this.exceptions.recheck = true;
  }

  waitForEvent(): void {
    if (this.exceptions.event) {
      this.exceptions.event = false;
      return;
    }
    this.sleeping = 'wfe';
    this.exceptions.recheck = true;
  }

  /** Halting is a wake-up event, and ends lockup. */
  enterDebug(cause: number): void {
    this.sleeping = 'no';
    this.lockedUp = false;
    this.debug.halt(cause);
  }

  /** What a fault of the instruction at `address` leads to: HardFault, or lockup where that cannot be taken. */
  fault(address: number): void {
    if (this.#inHardFaultOrAbove) this.#lockUp();
    else this.enter(HARD_FAULT, address);
  }

  /**
   * ExceptionEntry() of DDI 0419 B1.5.6. A fault while stacking leads to HardFault instead, and the exception stays
   * pending; while stacking for HardFault or NMI it is lockup (B1.5, derived exceptions).
   */
  enter(number: number, returnAddress: number): void {
    this.sleeping = 'no';
    this.lockedUp = false;
    const excReturn = this.exceptionNumber !== 0 ? 0xfffffff1 : this.processStackSelected ? 0xfffffffd : 0xfffffff9;
    let taken = number;
    try {
      pushFrame(this, returnAddress);
    } catch (error) {
      rethrowUnlessFault(error);
      if (number <= HARD_FAULT) {
        this.#startHandler(number, excReturn);
        this.#lockUp();
        return;
      }
      this.exceptions.setPending(number);
      taken = HARD_FAULT;
    }
    this.#take(taken, excReturn);
  }

  /** ExceptionTaken(): R0-R3 and R12 keep their values, which the manual leaves UNKNOWN. */
  #take(number: number, excReturn: number): void {
    this.#startHandler(number, excReturn);
    try {
      this.#branchWithState(this.memory.readVector((this.exceptions.vectorTable + 4 * number) >>> 0));
    } catch (error) {
      rethrowUnlessFault(error);
      if (number <= HARD_FAULT) this.#lockUp();
      else {
        this.exceptions.deactivate(number);
        this.exceptions.setPending(number);
        this.#take(HARD_FAULT, excReturn);
      }
      return;
    }
    if (number === HARD_FAULT && this.debug.catches(DEMCR.VC_HARDERR)) this.enterDebug(DFSR.VCATCH);
  }

  #startHandler(number: number, excReturn: number): void {
    this.processStackSelected = false;
    this.exceptionNumber = number;
    this.r[LR] = excReturn;
    this.exceptions.activate(number);
  }

  /** ExceptionReturn() of DDI 0419 B1.5.8; what it calls UNPREDICTABLE is a fault of the branch here. */
  #returnFromException(excReturn: number): void {
    const returning = this.exceptionNumber;
    const nested = this.exceptions.activeCount > 1;
    const toHandler = (excReturn & 0xf) === 0x1;
    const legal = toHandler ? nested : !nested && ((excReturn & 0xf) === 0x9 || (excReturn & 0xf) === 0xd);
    if (excReturn >>> 4 !== 0xfffffff || !legal || !this.exceptions.isActive(returning))
      throw new InstructionFault(`exception return to 0x${(excReturn >>> 0).toString(16)}`);

    this.exceptions.deactivate(returning);
    const processStack = (excReturn & 0xf) === 0xd;
    try {
      popFrame(this, processStack, toHandler);
    } catch (error) {
      rethrowUnlessFault(error);
      // A derived HardFault tail-chains: the frame stays where it is.
      if (this.#inHardFaultOrAbove) this.#lockUp();
      else this.#take(HARD_FAULT, excReturn | 0);
      return;
    }
    if (!toHandler && this.sleepOnExit) this.waitForInterrupt();
  }

  #branchWithState(target: number): void {
    this.t = (target & 1) !== 0;
    this.pc = (target & ~1) >>> 0;
    if (!this.t) this.exceptions.recheck = true; // the next instruction faults
  }

  get #inHardFaultOrAbove(): boolean {
    return this.exceptions.executionPriority(this.primask) < 0;
  }

  #lockUp(): void {
    this.lockedUp = true;
    this.pc = LOCKUP_ADDRESS;
    this.exceptions.recheck = true;
  }
}

/** Lets through what is no fault of the simulated program. */
export function rethrowUnlessFault(error: unknown): void {
  if (!(error instanceof BusFault || error instanceof InstructionFault)) throw error;
}
