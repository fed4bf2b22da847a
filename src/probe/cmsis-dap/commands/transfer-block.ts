import type { ApAddress } from '../../../dap/registers.js';
import { CommandId, requireReply, type Command } from './command.js';
import { requireTransferred, TransferRequest } from './transfer-response.js';

const COMMAND_HEADER_BYTES = 5;
const REPLY_HEADER_BYTES = 4;
const MAX_TRANSFERS = 65535;

interface BlockOptions {
  readonly address: ApAddress;
  readonly timeoutMs: number;
}

/** How many words one DAP_TransferBlock reads with a packet of this size. */
export function maxBlockReads(packetSizeBytes: number): number {
  return Math.min(MAX_TRANSFERS, Math.floor((packetSizeBytes - REPLY_HEADER_BYTES) / 4));
}

/** How many words one DAP_TransferBlock writes with a packet of this size. */
export function maxBlockWrites(packetSizeBytes: number): number {
  return Math.min(MAX_TRANSFERS, Math.floor((packetSizeBytes - COMMAND_HEADER_BYTES) / 4));
}

/** DAP_TransferBlock, reading one AP register. @param words where the words go, as many as it is long */
export function readBlock(words: Uint32Array, { address, timeoutMs }: BlockOptions): Command<void> {
  const request = TransferRequest.Ap | TransferRequest.Read | (address & TransferRequest.AddressMask);
  return {
    id: CommandId.TransferBlock,
    name: 'DAP_TransferBlock',
    timeoutMs,
    encode(packet) {
      encodeHeader(packet, words.length, request);
      return COMMAND_HEADER_BYTES;
    },
    decode(reply) {
      requireExecuted(this, reply, words.length, address);
      requireReply(this, reply, REPLY_HEADER_BYTES + 4 * words.length);
      for (let i = 0; i < words.length; i++) words[i] = reply.getUint32(REPLY_HEADER_BYTES + 4 * i, true);
    },
  };
}

/** DAP_TransferBlock, writing `words` to one AP register. */
export function writeBlock(words: Uint32Array, { address, timeoutMs }: BlockOptions): Command<void> {
  const request = TransferRequest.Ap | (address & TransferRequest.AddressMask);
  return {
    id: CommandId.TransferBlock,
    name: 'DAP_TransferBlock',
    timeoutMs,
    encode(packet) {
      encodeHeader(packet, words.length, request);
      for (let i = 0; i < words.length; i++) packet.setUint32(COMMAND_HEADER_BYTES + 4 * i, words[i], true);
      return COMMAND_HEADER_BYTES + 4 * words.length;
    },
    decode(reply) {
      requireExecuted(this, reply, words.length, address);
    },
  };
}

function encodeHeader(packet: DataView, count: number, request: number): void {
  packet.setUint8(0, CommandId.TransferBlock);
  packet.setUint8(1, 0); // DAP Index, see Transfer
  packet.setUint16(2, count, true);
  packet.setUint8(4, request);
}

function requireExecuted(command: Command<void>, reply: DataView, requested: number, address: ApAddress): void {
  requireReply(command, reply, REPLY_HEADER_BYTES);
  requireTransferred({ requested, executed: reply.getUint16(1, true), response: reply.getUint8(3) }, () => ({
    port: 'AP',
    address,
  }));
}
