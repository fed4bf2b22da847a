// SWD_Configure, SWD_Sequence.

import { bitOf } from '../target/bits.js';
import { DapCommand } from './dap-command.js';
import { DapStatus, type CommandTable } from './dap-state.js';

const SEQUENCE_CLOCKS = 0x3f;
const SEQUENCE_INPUT = 0x80;

export const swdCommands: CommandTable = {
  [DapCommand.SwdConfigure]: (state, request, answer) => {
    const value = request.u8();
    state.swd.turnaround = (value & 3) + 1;
    state.swd.dataPhase = (value & 4) !== 0;
    answer.u8(DapStatus.Ok);
  },

  [DapCommand.SwdSequence]: ({ connector }, request, answer) => {
    answer.u8(DapStatus.Ok);
    for (let sequences = request.u8(); sequences > 0; sequences--) {
      const info = request.u8();
      const clocks = info & SEQUENCE_CLOCKS || 64;
      if (info & SEQUENCE_INPUT) {
        for (let done = 0; done < clocks; done += 8) {
          let byte = 0;
          for (let i = 0; i < Math.min(8, clocks - done); i++) byte |= connector.clockIn() << i;
          answer.u8(byte);
        }
      } else {
        const bits = request.bytes((clocks + 7) >>> 3);
        for (let i = 0; i < Math.min(clocks, bits.length * 8); i++) connector.clockOut(bitOf(bits, i));
      }
    }
  },
};
