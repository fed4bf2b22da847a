import type { Cpu } from './cpu.js';
import { NMI, PEND_SV, SV_CALL, SYS_TICK } from './exception-state.js';
import { packPriorities, unpackPriorities } from './nvic.js';

/** Cortex-M0+ r0p1. */
const CPUID = 0x410cc601;
/** STKALIGN and UNALIGN_TRP: fixed in Armv6-M. */
const CCR = 0x00000208;
const AIRCR_KEY = 0x05fa;
const AIRCR_KEY_STATUS = 0xfa050000;
const SYSRESETREQ = 0x4;
const VECTCLRACTIVE = 0x2;

const ICSR = {
  NMIPENDSET: 0x80000000,
  PENDSVSET: 0x10000000,
  PENDSVCLR: 0x08000000,
  PENDSTSET: 0x04000000,
  PENDSTCLR: 0x02000000,
  ISRPREEMPT: 0x00800000,
  ISRPENDING: 0x00400000,
} as const;

const SCR = { SLEEPONEXIT: 0x02, SLEEPDEEP: 0x04, SEVONPEND: 0x10 } as const;

/** SCS offsets 0xD00 to 0xD24: DDI 0419 B3.2. */
export class SystemControlBlock {
  #sleepDeep = false; // kept, without effect: there is no power controller behind it
  readonly #cpu: Cpu;
  readonly #onSystemReset: () => void;

  constructor(cpu: Cpu, onSystemReset: () => void) {
    this.#cpu = cpu;
    this.#onSystemReset = onSystemReset;
  }

  reset(): void {
    this.#sleepDeep = false;
  }

  read(offset: number, byDebugger: boolean): number {
    const { exceptions } = this.#cpu;
    switch (offset) {
      case 0xd00:
        return CPUID;
      case 0xd04:
        return this.#readIcsr(byDebugger);
      case 0xd08:
        return exceptions.vectorTable;
      case 0xd0c:
        return AIRCR_KEY_STATUS;
      case 0xd10:
        return (
          (this.#cpu.sleepOnExit ? SCR.SLEEPONEXIT : 0) |
          (this.#sleepDeep ? SCR.SLEEPDEEP : 0) |
          (exceptions.sendEventOnPend ? SCR.SEVONPEND : 0)
        );
      case 0xd14:
        return CCR;
      case 0xd1c:
        return (exceptions.priority(SV_CALL) << 24) >>> 0;
      case 0xd20:
        return packPriorities(exceptions, 12);
      case 0xd24: // SHCSR.SVCALLPENDED, of the Debug Extension
        return byDebugger && exceptions.isPending(SV_CALL) ? 0x8000 : 0;
      default:
        return 0;
    }
  }

  write(offset: number, value: number, byDebugger: boolean): void {
    const { exceptions } = this.#cpu;
    switch (offset) {
      case 0xd04:
        if ((value & ICSR.NMIPENDSET) !== 0) exceptions.setPending(NMI);
        if ((value & ICSR.PENDSVSET) !== 0) exceptions.setPending(PEND_SV);
        if ((value & ICSR.PENDSVCLR) !== 0) exceptions.clearPending(PEND_SV);
        if ((value & ICSR.PENDSTSET) !== 0) exceptions.setPending(SYS_TICK);
        if ((value & ICSR.PENDSTCLR) !== 0) exceptions.clearPending(SYS_TICK);
        break;
      case 0xd08:
        exceptions.vectorTable = (value & 0xffffff00) >>> 0;
        break;
      case 0xd0c:
        if (value >>> 16 === AIRCR_KEY) this.#writeAircr(value, byDebugger);
        break;
      case 0xd10:
        this.#cpu.sleepOnExit = (value & SCR.SLEEPONEXIT) !== 0;
        this.#sleepDeep = (value & SCR.SLEEPDEEP) !== 0;
        exceptions.sendEventOnPend = (value & SCR.SEVONPEND) !== 0;
        break;
      case 0xd1c:
        exceptions.setPriority(SV_CALL, value >>> 24);
        break;
      case 0xd20: // exceptions 12 and 13 do not exist
        unpackPriorities(exceptions, 12, (value & 0xffff0000) >>> 0);
        break;
      case 0xd24:
        if (!byDebugger) break;
        if ((value & 0x8000) !== 0) exceptions.setPending(SV_CALL);
        else exceptions.clearPending(SV_CALL);
        break;
    }
  }

  #readIcsr(byDebugger: boolean): number {
    const { exceptions, exceptionNumber, primask } = this.#cpu;
    const pending = exceptions.firstPending;
    let value = (pending << 12) | exceptionNumber;
    if (exceptions.isPending(NMI)) value |= ICSR.NMIPENDSET;
    if (exceptions.isPending(PEND_SV)) value |= ICSR.PENDSVSET;
    if (exceptions.isPending(SYS_TICK)) value |= ICSR.PENDSTSET;
    // These two belong to the Debug Extension.
    if (byDebugger && exceptions.isInterruptPending) value |= ICSR.ISRPENDING;
    if (byDebugger && exceptions.preempting(primask) !== 0) value |= ICSR.ISRPREEMPT;
    return value >>> 0;
  }

  #writeAircr(value: number, byDebugger: boolean): void {
    const { debug, exceptions } = this.#cpu;
    if ((value & VECTCLRACTIVE) !== 0 && debug.halted) {
      exceptions.clearActive();
      this.#cpu.exceptionNumber = 0;
    }
    if ((value & SYSRESETREQ) === 0) return;
    // The core's own request takes effect behind the store that made it.
    if (byDebugger) this.#onSystemReset();
    else debug.requestReset();
  }
}
