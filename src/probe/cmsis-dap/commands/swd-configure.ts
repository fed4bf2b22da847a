import { CommandId, statusCommand } from './command.js';

/**
 * DAP_SWD_Configure as the DP is after a line reset: turnaround of one clock, no data phase after WAIT or FAULT. The
 * data phase is needed for overrun detection only, which does not go together with a probe that repeats transfers.
 */
export const swdConfigure = statusCommand(CommandId.SwdConfigure, 'DAP_SWD_Configure', Uint8Array.of(0));
