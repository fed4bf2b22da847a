import { bitsToBytes, type BitString } from '../../../dap/bit-string.js';
import { CommandId, statusCommand, type FixedReplyCommand } from './command.js';

/** DAP_SWJ_Sequence: clocks bits out on SWDIO/TMS. @param sequence 1 … 256 bits; 256 is coded as 0 */
export function swjSequence(sequence: BitString): FixedReplyCommand<void> {
  return statusCommand(
    CommandId.SwjSequence,
    'DAP_SWJ_Sequence',
    Uint8Array.of(sequence.lengthBits & 0xff, ...bitsToBytes(sequence)),
  );
}
