import { CommandId, statusCommand, word, type FixedReplyCommand } from './command.js';

/**
 * DAP_WriteABORT: writes the DP's ABORT, in JTAG through its own instruction. Unlike DAP_Transfer the probe does not
 * read RDBUFF after it, and it answers OK whatever the target's ACK was.
 *
 * @param value  0 … 2^32-1
 */
export function writeAbort(value: number): FixedReplyCommand<void> {
  return statusCommand(CommandId.WriteAbort, 'DAP_WriteABORT', Uint8Array.of(0, ...word(value)));
}
