import { CommandId, statusCommand, type FixedReplyCommand } from './command.js';

/** DAP_SWO_Control: starts the capture, which empties the probe's buffer first, or stops it. */
export function swoControl(action: 'start' | 'stop'): FixedReplyCommand<void> {
  return statusCommand(CommandId.SwoControl, 'DAP_SWO_Control', Uint8Array.of(action === 'start' ? 1 : 0));
}
