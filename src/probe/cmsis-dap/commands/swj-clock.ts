import { CommandId, statusCommand, word, type FixedReplyCommand } from './command.js';

/** DAP_SWJ_Clock: the highest clock allowed; the probe takes the nearest it has below. @param frequencyHz 1 … 2^32-1 */
export function swjClock(frequencyHz: number): FixedReplyCommand<void> {
  return statusCommand(CommandId.SwjClock, 'DAP_SWJ_Clock', Uint8Array.from(word(frequencyHz)));
}
