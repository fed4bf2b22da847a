// SWO_Transport, Mode, Baudrate, Control, Status, ExtendedStatus, Data (SWO.c).

import { Capability, hasCapability } from './info.js';
import { DapCommand } from './dap-command.js';
import { DapStatus, type CommandTable, type DapState } from './dap-state.js';

const MODES = ['off', 'uart', 'manchester'] as const;
const TRANSPORTS = ['none', 'data', 'stream'] as const;
/** What the UART of a typical probe reaches. */
const MAX_BAUDRATE = 10_000_000;

export const swoCommands: CommandTable = {
  [DapCommand.SwoTransport]: ({ swo, info }, request, answer) => {
    const transport = TRANSPORTS.at(request.u8());
    const possible = transport !== undefined && (transport !== 'stream' || hasCapability(info, Capability.SwoStream));
    // Refused while capturing (SWO.c, SWO_Transport).
    if (!possible || swo.active) {
      answer.u8(DapStatus.Error);
      return;
    }
    swo.transport = transport;
    answer.u8(DapStatus.Ok);
  },

  [DapCommand.SwoMode]: ({ swo, info }, request, answer) => {
    const mode = MODES.at(request.u8());
    const possible =
      mode === 'off' ||
      (mode === 'uart' && hasCapability(info, Capability.SwoUart)) ||
      (mode === 'manchester' && hasCapability(info, Capability.SwoManchester));
    swo.stop();
    swo.mode = possible ? mode : 'off';
    answer.u8(possible ? DapStatus.Ok : DapStatus.Error);
  },

  [DapCommand.SwoBaudrate]: ({ swo }, request, answer) => {
    const wanted = request.u32();
    // Zero: refused, and capturing ends.
    swo.baudrate = swo.mode === 'off' || wanted > MAX_BAUDRATE ? 0 : wanted;
    if (swo.baudrate === 0) swo.stop();
    answer.u32(swo.baudrate);
  },

  [DapCommand.SwoControl]: ({ swo }, request, answer) => {
    const start = (request.u8() & 1) !== 0;
    if (start === swo.active) answer.u8(DapStatus.Ok);
    else if (swo.mode === 'off') answer.u8(DapStatus.Error);
    else {
      if (start) swo.start();
      else swo.stop();
      answer.u8(DapStatus.Ok);
    }
  },

  [DapCommand.SwoStatus]: ({ swo }, _request, answer) => {
    answer.u8(swo.readStatus());
    answer.u32(swo.available);
  },

  [DapCommand.SwoExtendedStatus]: (state, request, answer) => {
    const wanted = request.u8();
    if (wanted & 1) answer.u8(state.swo.readStatus());
    if (wanted & 2) answer.u32(state.swo.available);
    if (wanted & 4 && state.options.timestampClockHz > 0) {
      answer.u32(state.swo.index);
      answer.u32(Math.floor((state.connector.clocks / state.clockHz) * state.options.timestampClockHz) >>> 0);
    }
  },

  [DapCommand.SwoData]: ({ swo, options }, request, answer) => {
    const wanted = Math.min(request.u16(), options.packetSizeBytes - 4);
    const status = swo.readStatus();
    const bytes = swo.take(swo.transport === 'data' ? wanted : 0);
    answer.u8(status);
    answer.u16(bytes.length);
    answer.bytes(bytes);
  },
};

/** The commands are unknown to a firmware without SWO. */
export function hasSwo(state: DapState): boolean {
  return hasCapability(state.info, Capability.SwoUart | Capability.SwoManchester);
}
