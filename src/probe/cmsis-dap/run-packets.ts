// The packets of one long run of accesses to an AP register, behind what a DAP_Transfer takes of it.

import { NoAckError, TransferFaultError } from '../../dap/errors.js';
import { type ApAddress, DP } from '../../dap/registers.js';
import { JTAG_STICKY } from '../../dap/sticky-flags.js';
import type { Command } from './commands/command.js';
import { Transfer } from './commands/transfer.js';
import { maxBlockReads, maxBlockWrites, readBlock, writeBlock } from './commands/transfer-block.js';
import { transferTimeoutMs, type TransferTiming } from './transfer-timing.js';

export interface PacketShape {
  readonly packetSizeBytes: number;
  readonly timing: TransferTiming;
  /**
   * The run ends with a read of CTRL/STAT: its ACK does not tell whether it worked. The power-up requests that are to
   * be found there; undefined: nothing is to be read.
   */
  readonly statusWithRequests: number | undefined;
}

/** DAP_TransferBlocks that read as many words as `words` is long, into it. */
export function readPackets(address: ApAddress, words: Uint32Array, shape: PacketShape): Iterable<Command<void>> {
  return inBlocks(readBlock, maxBlockReads(shape.packetSizeBytes), { address, words, shape });
}

/** DAP_TransferBlocks that write `words`, in order. */
export function writePackets(address: ApAddress, words: Uint32Array, shape: PacketShape): Iterable<Command<void>> {
  return inBlocks(writeBlock, maxBlockWrites(shape.packetSizeBytes), { address, words, shape });
}

interface Run {
  readonly address: ApAddress;
  readonly words: Uint32Array;
  readonly shape: PacketShape;
}

function* inBlocks(
  block: typeof readBlock | typeof writeBlock,
  blockWords: number,
  { address, words, shape }: Run,
): Iterable<Command<void>> {
  for (let at = 0; at < words.length; at += blockWords) {
    const part = words.subarray(at, at + blockWords);
    yield block(part, { address, timeoutMs: transferTimeoutMs(part.length, shape.timing) });
  }
  if (shape.statusWithRequests !== undefined) yield statusCheck(address, shape, shape.statusWithRequests);
}

/** A DAP_Transfer among other packets, its timeout set. @param take  gets what was read, in order */
export function transferAmong(transfer: Transfer, take: (read: Uint32Array) => void): Command<void> {
  return {
    id: transfer.id,
    name: transfer.name,
    timeoutMs: transfer.timeoutMs,
    encode: (packet) => transfer.encode(packet),
    decode: (reply) => take(transfer.decode(reply)),
  };
}

/**
 * What CTRL/STAT says of the AP accesses before it.
 *
 * @param requests  power-up requests that were written
 * @throws NoAckError  if they are not there: the target was without power, and a TAP that starts anew gives no ACK that
 *                     says so
 * @throws TransferFaultError  if a sticky flag is set
 */
export function requireGoodStatus(ctrlStat: number, requests: number, address: ApAddress): void {
  if (requests & ~ctrlStat) throw new NoAckError({ port: 'AP', address }, undefined, 'the target has lost its power');
  if (ctrlStat & JTAG_STICKY) throw new TransferFaultError({ port: 'AP', address });
}

/** A DAP_Transfer that reads CTRL/STAT. @param address  the AP register that blocks have accessed */
function statusCheck(address: ApAddress, { packetSizeBytes, timing }: PacketShape, requests: number): Command<void> {
  const transfer = new Transfer(packetSizeBytes);
  transfer.readDp(DP.CTRL_STAT);
  transfer.timeoutMs = transferTimeoutMs(1, timing);
  return transferAmong(transfer, ([ctrlStat]) => requireGoodStatus(ctrlStat, requests, address));
}
