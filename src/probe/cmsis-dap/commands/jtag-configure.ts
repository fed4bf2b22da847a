import { CommandId, statusCommand, type FixedReplyCommand } from './command.js';

/** DAP_JTAG_Configure: the chain, as transfers see it. @param irLengths bits of each TAP's instruction register, TDO end first */
export function jtagConfigure(irLengths: readonly number[]): FixedReplyCommand<void> {
  return statusCommand(CommandId.JtagConfigure, 'DAP_JTAG_Configure', Uint8Array.of(irLengths.length, ...irLengths));
}
