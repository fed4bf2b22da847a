// HostStatus, Connect, Disconnect, Delay, ResetTarget.

import { Capability, hasCapability } from './info.js';
import { DapCommand } from './dap-command.js';
import { DapStatus, forgetConfiguration, type CommandTable, type DapPortMode } from './dap-state.js';

const PORT_NUMBERS: Readonly<Record<DapPortMode, number>> = { disabled: 0, swd: 1, jtag: 2 };

export const generalCommands: CommandTable = {
  [DapCommand.HostStatus]: (state, request, answer) => {
    const led = request.u8();
    const on = request.u8() & 1;
    if (led > 1) {
      answer.u8(DapStatus.Error);
      return;
    }
    state.leds = (state.leds & ~(1 << led)) | (on << led);
    answer.u8(DapStatus.Ok);
  },

  [DapCommand.Connect]: (state, request, answer) => {
    const port = request.u8();
    if (port <= 1 && hasCapability(state.info, Capability.Swd))
      state.mode = 'swd'; // 0: the default port
    else if (port === 2 && hasCapability(state.info, Capability.Jtag)) state.mode = 'jtag';
    else {
      answer.u8(PORT_NUMBERS.disabled);
      return;
    }
    if (state.options.forgetsClockOn === 'connect') forgetConfiguration(state);
    // PORT_SWD_SETUP, PORT_JTAG_SETUP: every output is driven high.
    state.pins = 0xff;
    state.connector.nReset.drive(false);
    answer.u8(PORT_NUMBERS[state.mode]);
  },

  [DapCommand.Disconnect]: (state, _request, answer) => {
    state.mode = 'disabled';
    state.connector.nReset.drive(false); // PORT_OFF: nRESET floats, and is pulled up
    answer.u8(DapStatus.Ok);
  },

  [DapCommand.Delay]: (state, request, answer) => {
    state.busyUs += request.u16();
    answer.u8(DapStatus.Ok);
  },

  [DapCommand.ResetTarget]: (state, _request, answer) => {
    const { resetTarget } = state.options;
    if (resetTarget) {
      state.connector.nReset.drive(true);
      state.connector.nReset.drive(false);
    }
    answer.u8(DapStatus.Ok);
    answer.u8(resetTarget ? 1 : 0);
  },
};
