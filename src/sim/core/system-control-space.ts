import { componentId } from './component-id.js';
import type { DebugRegisters } from './debug-registers.js';
import type { Nvic } from './nvic.js';
import type { PpbBlock } from './ppb-block.js';
import type { SysTick } from './sys-tick.js';
import type { SystemControlBlock } from './system-control-block.js';

interface Parts {
  readonly sysTick: SysTick;
  readonly nvic: Nvic;
  readonly systemControl: SystemControlBlock;
  readonly debugRegisters: DebugRegisters;
}

/** The page at 0xE000E000 (DDI 0419 B3.2): says whose register it is. The core reads debug registers as zero. */
export class SystemControlSpace implements PpbBlock {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  read(offset: number, byDebugger: boolean): number {
    const { sysTick, nvic, systemControl, debugRegisters } = this.#parts;
    if (offset < 0x100) return sysTick.read(offset, byDebugger);
    if (offset < 0xd00) return nvic.read(offset);
    if (isDebugRegister(offset)) return byDebugger ? debugRegisters.read(offset) : 0;
    return componentId(0x08, offset) ?? systemControl.read(offset, byDebugger);
  }

  write(offset: number, value: number, byDebugger: boolean): void {
    const { sysTick, nvic, systemControl, debugRegisters } = this.#parts;
    if (offset < 0x100) sysTick.write(offset, value);
    else if (offset < 0xd00) nvic.write(offset, value);
    else if (!isDebugRegister(offset)) systemControl.write(offset, value, byDebugger);
    else if (byDebugger) debugRegisters.write(offset, value);
  }
}

/** DFSR, and DHCSR to DEMCR. */
function isDebugRegister(offset: number): boolean {
  return offset === 0xd30 || (offset >= 0xdf0 && offset <= 0xdfc);
}
