// A Cortex-M0+ as a debugger meets it: Armv6-M with Debug Extension, DDI 0419. It owns registers, exceptions and the
// Private Peripheral Bus; memory, the ROM table and the wiring of reset are the board's.

import { BreakpointUnit } from './breakpoint-unit.js';
import type { CoreBus } from './core-bus.js';
import { CoreMemory } from './core-memory.js';
import { Cpu, rethrowUnlessFault } from './cpu.js';
import { DebugRegisters } from './debug-registers.js';
import { ExceptionState } from './exception-state.js';
import { DEMCR, DFSR, HaltingDebug } from './halting-debug.js';
import { instructionTable } from './instruction-table.js';
import { Nvic } from './nvic.js';
import type { PpbBlock } from './ppb-block.js';
import { PC } from './register-file.js';
import { SysTick } from './sys-tick.js';
import { SystemControlBlock } from './system-control-block.js';
import { SystemControlSpace } from './system-control-space.js';
import { WatchpointUnit } from './watchpoint-unit.js';

export type { CoreBus } from './core-bus.js';

export interface CortexM0Options {
  /**
   * SYSRESETREQ was written, by the core or by the debugger: the board resets itself and calls `reset()`. For a write
   * by the core this is called from inside `run()`, once the instruction is complete.
   */
  readonly onSystemReset: () => void;
}

/**
 * The core runs only inside `run()`; between two calls a debugger may read and write as it likes. Out of the
 * constructor it is in its power-on state, before the first `reset()`.
 */
export class CortexM0 {
  readonly #debug = new HaltingDebug();
  readonly #exceptions = new ExceptionState();
  readonly #breakpoints = new BreakpointUnit();
  readonly #watchpoints: WatchpointUnit;
  readonly #memory: CoreMemory;
  readonly #cpu: Cpu;
  readonly #sysTick: SysTick;
  readonly #systemControl: SystemControlBlock;
  readonly #debugRegisters: DebugRegisters;
  /** By bits 31:12 of the address. */
  readonly #ppb: ReadonlyMap<number, PpbBlock>;
  readonly #onSystemReset: () => void;
  /** Cycles left of the slice that `run()` was given. */
  #cycles = 0;
  #executed = 0;

  constructor(bus: CoreBus, options: CortexM0Options) {
    this.#onSystemReset = options.onSystemReset;
    this.#watchpoints = new WatchpointUnit(this.#debug, () => (this.halted ? 0xffffffff : this.#cpu.current));
    const ppb = {
      read: (address: number) => this.readPpb(address, false),
      write: (address: number, value: number) => this.writePpb(address, value, false),
    };
    this.#memory = new CoreMemory(bus, ppb, this.#watchpoints);
    this.#cpu = new Cpu(this.#memory, this.#exceptions, this.#debug);
    this.#sysTick = new SysTick(this.#exceptions);
    this.#systemControl = new SystemControlBlock(this.#cpu, options.onSystemReset);
    this.#debugRegisters = new DebugRegisters(this.#cpu, () => this.#watchpoints.rearm());
    const systemControlSpace = new SystemControlSpace({
      sysTick: this.#sysTick,
      nvic: new Nvic(this.#exceptions),
      systemControl: this.#systemControl,
      debugRegisters: this.#debugRegisters,
    });
    this.#ppb = new Map<number, PpbBlock>([
      [0xe0001, this.#watchpoints],
      [0xe0002, this.#breakpoints],
      [0xe000e, systemControlSpace],
    ]);
  }

  /**
   * Reads a word of the PPB, 0xE0000000 to 0xE00FFFFF; the ROM table is the board's. What is not there reads as zero.
   *
   * @param address   unsigned; bits 1:0 are ignored
   * @param byDebugger  through a MEM-AP; DWT, BPU and debug registers read as zero for the core itself
   * @returns         unsigned word; reading DHCSR, DWT_FUNCTIONn and, by the core, SYST_CSR clears their sticky bits
   */
  readPpb(address: number, byDebugger: boolean): number {
    return (this.#ppb.get(address >>> 12)?.read(address & 0xffc, byDebugger) ?? 0) >>> 0;
  }

  /**
   * Writes a word of the PPB. C_HALT, SYSRESETREQ and register transfers take effect before this returns.
   *
   * @param value  unsigned or signed word
   */
  writePpb(address: number, value: number, byDebugger: boolean): void {
    this.#ppb.get(address >>> 12)?.write(address & 0xffc, value >>> 0, byDebugger);
  }

  /** Power came back: nothing is left of what the debugger set up (DDI 0419 C1.6). `reset()` follows. */
  powerUp(): void {
    this.#debug.powerUp();
    this.#exceptions.masked = false; // by C_MASKINTS
    this.#breakpoints.powerUp();
    this.#watchpoints.powerUp();
    this.#debugRegisters.powerUp();
  }

  /**
   * A local reset (DDI 0419 B1.5.5): SP and PC from the vector table at 0. What the debugger set up stays, except
   * C_HALT and C_STEP; with DEMCR.VC_CORERESET the core halts before its first instruction. S_RESET_ST is set.
   */
  reset(): void {
    // A halt asked for while nRESET is asserted is kept: it stops the core as soon as it leaves reset.
    if (!this.#debugRegisters.held) this.#debug.haltRequested = false;
    this.#startOver();
  }

  /**
   * nRESET. While it is held the core is in reset and its debug registers can be used; letting go resets it (again),
   * and a halt asked for meanwhile, or DEMCR.VC_CORERESET, stops it before its first instruction.
   */
  holdInReset(held: boolean): void {
    if (held === this.#debugRegisters.held) return;
    if (held) this.#debug.haltRequested = false;
    this.#debugRegisters.held = held;
    this.#startOver();
  }

  /** In Debug state. */
  get halted(): boolean {
    return this.#debug.halted;
  }

  /** After WFI or WFE, or in sleep-on-exit: only an exception, an event or a debugger goes on from here. */
  get sleeping(): boolean {
    return this.#cpu.sleeping !== 'no';
  }

  /**
   * Lets `instructions` cycles pass, one for each instruction, and stops early in Debug state, in lockup and while
   * held in reset. A sleeping core spends its cycles on SysTick.
   *
   * @returns how many instructions were executed, those that ended in a fault included
   */
  run(instructions: number): number {
    this.#cycles = instructions;
    this.#executed = 0;
    while (this.#cycles > 0 && this.#ready()) {
      try {
        this.#executeUndisturbed();
      } catch (error) {
        rethrowUnlessFault(error);
        this.#executed++;
        this.#cpu.fault(this.#cpu.current);
      }
      if (this.#debug.trap) this.#handleTrap();
    }
    if (this.#executed > 0) this.#debugRegisters.retired = true;
    return this.#executed;
  }

  /** The inner loop: until the slice is used up or something asks for attention. */
  #executeUndisturbed(): void {
    const cpu = this.#cpu;
    const memory = this.#memory;
    const exceptions = this.#exceptions;
    const debug = this.#debug;
    const { r } = cpu;
    do {
      const address = cpu.pc;
      if (this.#breakpoints.armed && debug.enabled && this.#breakpoints.matches(address)) {
        cpu.enterDebug(DFSR.BKPT);
        return;
      }
      this.#cycles--;
      cpu.current = address;
      const op = memory.fetch(address);
      cpu.pc = address + 2;
      r[PC] = address + 4;
      instructionTable[op >>> 6](cpu, op);
      this.#executed++;
      if (this.#sysTick.enabled) this.#sysTick.tick();
      if (this.#watchpoints.watchesPc) this.#watchpoints.executed(address);
    } while (this.#cycles > 0 && !exceptions.recheck && !debug.trap);
  }

  /** Between two instructions: takes the exceptions that are due, sleeps. Returns whether the core can execute. */
  #ready(): boolean {
    const cpu = this.#cpu;
    while (this.#cycles > 0) {
      if (this.halted || this.#debugRegisters.held) return false;
      if (this.#exceptions.recheck) this.#lookForExceptions();
      else if (cpu.sleeping !== 'no') this.#cycles -= this.#sysTick.sleep(this.#cycles);
      else return !cpu.lockedUp;
    }
    return false;
  }

  #lookForExceptions(): void {
    const cpu = this.#cpu;
    const exceptions = this.#exceptions;
    exceptions.recheck = false;
    const number = exceptions.preempting(cpu.primask);
    if (number !== 0) cpu.enter(number, cpu.pc);
    // Without Thumb state there is no next instruction: DDI 0419 A4.1.1.
    else if (!cpu.t && !cpu.lockedUp) cpu.fault(cpu.pc);
    else {
      this.#wake();
      return;
    }
    if (this.#debug.trap) this.#handleTrap(); // entering the handler was the step
  }

  /** WFI ends with an exception that PRIMASK alone holds back, WFE with an event. */
  #wake(): void {
    const cpu = this.#cpu;
    if (cpu.sleeping === 'wfe' && this.#exceptions.event) {
      this.#exceptions.event = false;
      cpu.sleeping = 'no';
    } else if (cpu.sleeping === 'wfi' && this.#exceptions.preempting(false) !== 0) cpu.sleeping = 'no';
  }

  /** What had to wait for the end of an instruction. */
  #handleTrap(): void {
    const debug = this.#debug;
    debug.trap = false;
    if (debug.resetRequested) {
      debug.resetRequested = false;
      this.#onSystemReset();
      return;
    }
    if (this.halted) return;
    const cause = (debug.watchpointHit ? DFSR.DWTTRAP : 0) | (debug.stepping ? DFSR.HALTED : 0);
    if (cause !== 0) this.#cpu.enterDebug(cause);
  }

  #startOver(): void {
    const debug = this.#debug;
    const { held } = this.#debugRegisters;
    debug.halted = debug.step = debug.stepping = debug.watchpointHit = debug.resetRequested = debug.trap = false;
    this.#debugRegisters.resetSeen = true;
    this.#debugRegisters.retired = false;
    this.#sysTick.reset();
    this.#systemControl.reset();
    this.#cpu.takeReset();
    if (held) return;
    if (debug.catches(DEMCR.VC_CORERESET)) this.#cpu.enterDebug(DFSR.VCATCH);
    else if (debug.haltRequested) this.#cpu.enterDebug(DFSR.HALTED);
  }
}
