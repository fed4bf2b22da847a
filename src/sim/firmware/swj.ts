// SWJ_Pins, SWJ_Clock, SWJ_Sequence.

import { bitOf } from '../target/bits.js';
import { DapCommand } from './dap-command.js';
import { DapStatus, forgetConfiguration, type CommandTable, type DapState } from './dap-state.js';

/** Bits of DAP_SWJ_Pins. */
export const Pin = { SWCLK: 0x01, SWDIO: 0x02, TDI: 0x04, TDO: 0x08, nTRST: 0x20, nRESET: 0x80 } as const;
/** Pins with an output driver; SWCLK, SWDIO and TDI read back what is driven. */
const OUTPUTS = Pin.SWCLK | Pin.SWDIO | Pin.TDI | Pin.nTRST | Pin.nRESET;
const MAX_WAIT_US = 3_000_000;

export const swjCommands: CommandTable = {
  [DapCommand.SwjPins]: (state, request, answer) => {
    const value = request.u8();
    const select = request.u8() & OUTPUTS;
    const waitUs = Math.min(request.u32(), MAX_WAIT_US);
    const clockWas = state.pins & Pin.SWCLK;
    state.pins = (state.pins & ~select) | (value & select);
    // A rising edge on SWCLK by hand is a clock like any other.
    if (!clockWas && state.pins & Pin.SWCLK)
      state.connector.clockOut(state.pins & Pin.SWDIO ? 1 : 0, state.pins & Pin.TDI ? 1 : 0);
    if (select & Pin.nTRST && !(value & Pin.nTRST)) state.connector.resetTaps();
    if (select & Pin.nRESET) state.connector.nReset.drive(!(value & Pin.nRESET));
    const now = readPins(state);
    // The levels follow at once, or never: nRESET held by somebody else.
    if ((now ^ value) & select) state.busyUs += waitUs;
    answer.u8(now);
  },

  [DapCommand.SwjClock]: (state, request, answer) => {
    const frequencyHz = request.u32();
    if (frequencyHz !== 0) state.clockHz = frequencyHz;
    answer.u8(frequencyHz === 0 ? DapStatus.Error : DapStatus.Ok);
  },

  [DapCommand.SwjSequence]: (state, request, answer) => {
    const count = request.u8() || 256;
    const bits = request.bytes((count + 7) >>> 3);
    for (let i = 0; i < Math.min(count, bits.length * 8); i++) state.connector.clockOut(bitOf(bits, i));
    if (state.options.forgetsClockOn === 'swj-sequence') forgetConfiguration(state);
    answer.u8(DapStatus.Ok);
  },
};

function readPins({ pins, connector }: DapState): number {
  return (pins & (Pin.SWCLK | Pin.SWDIO | Pin.TDI | Pin.nTRST)) | Pin.TDO | (connector.nReset.low ? 0 : Pin.nRESET);
}
