// The packets of one long run of accesses to an AP register, behind what a DAP_Transfer takes of it.

import { TransferFaultError } from '../../dap/errors.js';
import { type ApAddress, DP } from '../../dap/registers.js';
import { JTAG_STICKY } from '../../dap/sticky-flags.js';
import type { Command } from './commands/command.js';
import { Transfer } from './commands/transfer.js';
import { maxBlockReads, maxBlockWrites, readBlock, writeBlock } from './commands/transfer-block.js';
import { transferTimeoutMs, type TransferTiming } from './transfer-timing.js';

export interface PacketShape {
  readonly packetSizeBytes: number;
  readonly timing: TransferTiming;
  /** The run ends with a read of CTRL/STAT: its ACK does not tell whether it worked. */
  readonly checksStatus: boolean;
}

/** DAP_TransferBlocks that read as many words as `words` is long, into it. */
export function* readPackets(address: ApAddress, words: Uint32Array, shape: PacketShape): Iterable<Command<void>> {
  const size = maxBlockReads(shape.packetSizeBytes);
  for (let at = 0; at < words.length; at += size) {
    const part = words.subarray(at, at + size);
    yield readBlock(part, { address, timeoutMs: transferTimeoutMs(part.length, shape.timing) });
  }
  if (shape.checksStatus) yield statusCheck(address, shape);
}

/** DAP_TransferBlocks that write `values`, in order. */
export function* writePackets(address: ApAddress, values: Uint32Array, shape: PacketShape): Iterable<Command<void>> {
  const size = maxBlockWrites(shape.packetSizeBytes);
  for (let at = 0; at < values.length; at += size) {
    const part = values.subarray(at, at + size);
    yield writeBlock(part, { address, timeoutMs: transferTimeoutMs(part.length, shape.timing) });
  }
  if (shape.checksStatus) yield statusCheck(address, shape);
}

/** A DAP_Transfer among other packets, its timeout set. @param words  where its reads go */
export function transferInto(words: Uint32Array, transfer: Transfer): Command<void> {
  return {
    id: transfer.id,
    name: transfer.name,
    timeoutMs: transfer.timeoutMs,
    encode: (packet) => transfer.encode(packet),
    decode: (reply) => words.set(transfer.decode(reply)),
  };
}

/** @throws TransferFaultError  if CTRL/STAT has a sticky flag set */
export function requireNoStickyFlag(ctrlStat: number, address: ApAddress): void {
  if (ctrlStat & JTAG_STICKY) throw new TransferFaultError({ port: 'AP', address });
}

/** A DAP_Transfer that reads CTRL/STAT. @param address  the AP register that blocks have accessed */
function statusCheck(address: ApAddress, { packetSizeBytes, timing }: PacketShape): Command<void> {
  const transfer = new Transfer(packetSizeBytes);
  transfer.readDp(DP.CTRL_STAT);
  return {
    id: transfer.id,
    name: transfer.name,
    timeoutMs: transferTimeoutMs(1, timing),
    encode: (packet) => transfer.encode(packet),
    decode: (reply) => requireNoStickyFlag(transfer.decode(reply)[0], address),
  };
}
