import { bitsFromBytes, bitsToBytes, type BitString } from '../../../dap/bit-string.js';
import type { JtagSequence } from '../../probe.js';
import { CommandId, putBytes, replyBytes, requireOk, requireReply, type Command } from './command.js';

const TMS = 0x40;
const CAPTURE_TDO = 0x80;

/** DAP_JTAG_Sequence with one sequence of 1 … 64 clocks (64 is coded as 0). @returns the TDO bits if `readTdo` */
export function jtagSequence({ tms, readTdo, tdi }: JtagSequence): Command<BitString | undefined> {
  const { lengthBits } = tdi;
  const info = (readTdo ? CAPTURE_TDO : 0) | (tms ? TMS : 0) | (lengthBits & 0x3f);
  return {
    id: CommandId.JtagSequence,
    name: 'DAP_JTAG_Sequence',
    encode: (packet) => putBytes(packet, 0, CommandId.JtagSequence, 1, info, ...bitsToBytes(tdi)),
    decode(reply) {
      const sizeBytes = readTdo ? Math.ceil(lengthBits / 8) : 0;
      requireReply(this, reply, 2);
      requireOk(this, reply.getUint8(1));
      requireReply(this, reply, 2 + sizeBytes);
      return readTdo ? bitsFromBytes(replyBytes(reply, 2, sizeBytes), lengthBits) : undefined;
    },
  };
}
