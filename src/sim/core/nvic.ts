import { IRQ0 } from './exception-state.js';
import type { ExceptionState } from './exception-state.js';

/** The registers of 32 external interrupts, SCS offsets 0x100 to 0x41C (DDI 0419 B3.4). */
export class Nvic {
  readonly #exceptions: ExceptionState;

  constructor(exceptions: ExceptionState) {
    this.#exceptions = exceptions;
  }

  read(offset: number): number {
    const exceptions = this.#exceptions;
    switch (offset) {
      case 0x100: // ISER
      case 0x180: // ICER
        return gather((number) => exceptions.isEnabled(number));
      case 0x200: // ISPR
      case 0x280: // ICPR
        return gather((number) => exceptions.isPending(number));
    }
    const first = priorityRegister(offset);
    return first === undefined ? 0 : packPriorities(exceptions, first);
  }

  write(offset: number, value: number): void {
    const exceptions = this.#exceptions;
    switch (offset) {
      case 0x100:
        forEachSet(value, (number) => exceptions.setEnabled(number, true));
        return;
      case 0x180:
        forEachSet(value, (number) => exceptions.setEnabled(number, false));
        return;
      case 0x200:
        forEachSet(value, (number) => exceptions.setPending(number));
        return;
      case 0x280:
        forEachSet(value, (number) => exceptions.clearPending(number));
        return;
    }
    const first = priorityRegister(offset);
    if (first !== undefined) unpackPriorities(exceptions, first, value);
  }
}

/** One byte for each of four exceptions, the first in the lowest: as in IPRn and SHPRn. */
export function packPriorities(exceptions: ExceptionState, first: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word |= exceptions.priority(first + i) << (8 * i);
  return word >>> 0;
}

export function unpackPriorities(exceptions: ExceptionState, first: number, word: number): void {
  for (let i = 0; i < 4; i++) exceptions.setPriority(first + i, (word >>> (8 * i)) & 0xff);
}

/** The first exception of IPR0 to IPR7, at 0x400 to 0x41C. */
function priorityRegister(offset: number): number | undefined {
  return offset >= 0x400 && offset < 0x420 ? IRQ0 + (offset - 0x400) : undefined;
}

function gather(isSet: (number: number) => boolean): number {
  let word = 0;
  for (let i = 0; i < 32; i++) if (isSet(IRQ0 + i)) word |= 1 << i;
  return word >>> 0;
}

function forEachSet(word: number, action: (number: number) => void): void {
  for (let i = 0; i < 32; i++) if ((word & (1 << i)) !== 0) action(IRQ0 + i);
}
