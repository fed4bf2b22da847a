import { bitsFromBytes, bitsToBytes, type BitString } from '../../../dap/bit-string.js';
import type { SwdSequence } from '../../probe.js';
import { CommandId, putBytes, replyBytes, requireOk, requireReply, type Command } from './command.js';

const INPUT = 0x80;

/**
 * DAP_SWD_Sequence (1.2.0 and later): the pieces one after the other.
 *
 * @param pieces  0 … 255, each 1 … 64 clocks, which is coded as 0; as many as fit, see `swdSequencePackets`
 * @returns       the bits of the input pieces, in order
 */
export function swdSequence(pieces: readonly SwdSequence[]): Command<readonly BitString[]> {
  return {
    id: CommandId.SwdSequence,
    name: 'DAP_SWD_Sequence',
    encode(packet) {
      let size = putBytes(packet, 0, CommandId.SwdSequence, pieces.length);
      for (const piece of pieces) {
        if (piece.direction === 'input') size += putBytes(packet, size, INPUT | (piece.lengthBits & 0x3f));
        else {
          const { sequence } = piece;
          size += putBytes(packet, size, sequence.lengthBits & 0x3f, ...bitsToBytes(sequence));
        }
      }
      return size;
    },
    decode(reply) {
      requireReply(this, reply, 2);
      requireOk(this, reply.getUint8(1));
      const captured: BitString[] = [];
      let offset = 2;
      for (const piece of pieces) {
        if (piece.direction === 'output') continue;
        const sizeBytes = Math.ceil(piece.lengthBits / 8);
        requireReply(this, reply, offset + sizeBytes);
        captured.push(bitsFromBytes(replyBytes(reply, offset, sizeBytes), piece.lengthBits));
        offset += sizeBytes;
      }
      return captured;
    },
  };
}

/** Splits pieces so that each part fits into one packet, with its answer. The clock merely pauses between two. */
export function swdSequencePackets(pieces: readonly SwdSequence[], packetSizeBytes: number): SwdSequence[][] {
  const packets: SwdSequence[][] = [];
  let current: SwdSequence[] = [];
  let commandBytes = 2;
  let replyBytes = 2;
  for (const piece of pieces) {
    const isInput = piece.direction === 'input';
    const dataBytes = Math.ceil((isInput ? piece.lengthBits : piece.sequence.lengthBits) / 8);
    const toCommand = isInput ? 1 : 1 + dataBytes;
    const toReply = isInput ? dataBytes : 0;
    const isFull = commandBytes + toCommand > packetSizeBytes || replyBytes + toReply > packetSizeBytes;
    if (current.length === 255 || (current.length > 0 && isFull)) {
      packets.push(current);
      current = [];
      commandBytes = 2;
      replyBytes = 2;
    }
    current.push(piece);
    commandBytes += toCommand;
    replyBytes += toReply;
  }
  if (current.length > 0) packets.push(current);
  return packets;
}
