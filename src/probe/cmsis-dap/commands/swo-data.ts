import { CommandId, putBytes, replyBytes, requireReply, type Command } from './command.js';

/** Bits of Trace Status. */
const STREAM_ERROR = 0x40;
const BUFFER_OVERRUN = 0x80;

export interface SwoData {
  /** Bytes were lost in the probe, or arrived garbled. */
  readonly isDamaged: boolean;
  readonly bytes: Uint8Array;
}

/** DAP_SWO_Data: takes captured bytes out of the probe's buffer. @param maxBytes at most what fits into a packet less 4 */
export function swoData(maxBytes: number): Command<SwoData> {
  return {
    id: CommandId.SwoData,
    name: 'DAP_SWO_Data',
    encode: (packet) => putBytes(packet, 0, CommandId.SwoData, maxBytes & 0xff, maxBytes >>> 8),
    decode(reply) {
      requireReply(this, reply, 4);
      const sizeBytes = reply.getUint16(2, true);
      requireReply(this, reply, 4 + sizeBytes);
      return {
        isDamaged: (reply.getUint8(1) & (STREAM_ERROR | BUFFER_OVERRUN)) !== 0,
        bytes: replyBytes(reply, 4, sizeBytes),
      };
    },
  };
}
