// The eight words an exception saves: R0-R3, R12, LR, ReturnAddress, xPSR (DDI 0419 B1.5.6, B1.5.8).

import type { Cpu } from './cpu.js';
import { InstructionFault } from './instruction-fault.js';
import { LR, SP } from './register-file.js';

const FRAME_BYTES = 0x20;
/** Bit 9 of the stacked xPSR: four bytes were skipped to align the frame to eight. */
const REALIGNED = 0x200;

/** PushStack(), on the stack in use. SP has moved even when this throws. */
export function pushFrame(cpu: Cpu, returnAddress: number): void {
  const { r, memory } = cpu;
  const realigned = (r[SP] & 4) !== 0;
  const frame = (r[SP] - FRAME_BYTES) & ~4;
  r[SP] = frame;
  for (let i = 0; i < 4; i++) memory.store32(frame + 4 * i, r[i]);
  memory.store32(frame + 0x10, r[12]);
  memory.store32(frame + 0x14, r[LR]);
  memory.store32(frame + 0x18, returnAddress);
  memory.store32(frame + 0x1c, cpu.xpsr | (realigned ? REALIGNED : 0));
}

/** PopStack(): on a fault nothing has changed but the stack selection. */
export function popFrame(cpu: Cpu, fromProcessStack: boolean, toHandler: boolean): void {
  const { r, memory } = cpu;
  const frame = fromProcessStack ? cpu.psp : cpu.msp;
  const words = Array.from({ length: FRAME_BYTES / 4 }, (_, i) => memory.load32(frame + 4 * i));
  const [r0, r1, r2, r3, r12, lr, pc, xpsr] = words;
  if (((xpsr & 0x3f) !== 0) !== toHandler) throw new InstructionFault('the frame is of the other mode');

  cpu.exceptionNumber = 0;
  cpu.processStackSelected = fromProcessStack;
  r.set([r0, r1, r2, r3]);
  r[12] = r12;
  r[LR] = lr;
  r[SP] = (frame + FRAME_BYTES) | ((xpsr & REALIGNED) !== 0 ? 4 : 0);
  cpu.xpsr = xpsr;
  cpu.pc = (pc & ~1) >>> 0;
  if (!cpu.t) cpu.exceptions.recheck = true;
}
