import { TransferFaultError, TransferTimeoutError } from '../../dap/errors.js';
import { ABORT, CTRL_STAT, DP, type ApAddress, type DpAddress } from '../../dap/registers.js';
import type { WireProtocol } from '../../dap/wire-protocol.js';
import type { DapPort } from '../probe.js';
import type { Command } from './commands/command.js';
import { Transfer } from './commands/transfer.js';
import { maxBlockReads, maxBlockWrites, readBlock, writeBlock } from './commands/transfer-block.js';
import { writeAbort } from './commands/write-abort.js';
import type { PacketExchange } from './packet-exchange.js';
import { SelectBelief } from './select-belief.js';
import { transferTimeoutMs, type TransferTiming } from './transfer-timing.js';

/** While one of them is set a JTAG-DP makes no access to an AP (IHI 0031 B2.4.1, B3.4.3). */
const STICKY_FLAGS = CTRL_STAT.STICKYERR | CTRL_STAT.STICKYCMP | CTRL_STAT.STICKYORUN;
const POWER_REQUESTS = CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ;

export interface TransferQueueOptions {
  readonly packetSizeBytes: number;
  /** How many packets the probe can hold at once. */
  readonly packetCount: number;
  readonly timing: TransferTiming;
}

/**
 * Turns DP and AP accesses into packets, and owns what is in SELECT.
 *
 * Accesses are collected in one DAP_Transfer, with the SELECT writes they need, and leave together; a run on one
 * register continues in DAP_TransferBlocks. Every method flushes what it has collected before it returns, so that an
 * error belongs to the access that caused it.
 *
 * A JTAG-DP has one ACK for OK and FAULT (IHI 0031 B3.4.3), so with JTAG every run of AP accesses ends with a read of
 * CTRL/STAT: in the same DAP_Transfer, or in one of its own behind blocks. A sticky flag there is the FAULT, and as with
 * SWD it stays one until the flag is cleared, which is for the client to do.
 */
export class TransferQueue implements DapPort {
  readonly #exchange: PacketExchange;
  readonly #packetSizeBytes: number;
  readonly #select = new SelectBelief();
  /** What has been collected and not been sent. */
  readonly #collected: Transfer;
  readonly #writeDpNow = (address: DpAddress, value: number): void => this.#collected.writeDp(address, value);
  #depth: number;
  #timing: TransferTiming;
  #protocol: WireProtocol = 'SWD';
  #powerRequests: number | undefined;

  constructor(exchange: PacketExchange, { packetSizeBytes, packetCount, timing }: TransferQueueOptions) {
    this.#exchange = exchange;
    this.#packetSizeBytes = packetSizeBytes;
    this.#collected = new Transfer(packetSizeBytes);
    this.#depth = packetCount;
    this.#timing = timing;
  }

  setTiming(timing: TransferTiming): void {
    this.#timing = timing;
  }

  setProtocol(protocol: WireProtocol): void {
    this.#protocol = protocol;
    this.forget();
  }

  /** Something happened that may have changed SELECT: a sequence on the wire, a reset, a connect. */
  forget(): void {
    this.#forget(true);
  }

  #forget(line: boolean): void {
    this.#select.forget(line);
    this.#powerRequests = undefined;
  }

  async readDp(address: DpAddress, signal: AbortSignal): Promise<number> {
    if ((address & 0x08) === 0) this.#select.forDp(address, this.#writeDpNow);
    this.#collected.readDp(address);
    const [value] = await this.#send(signal);
    if (address === DP.DPIDR) this.#select.noteDpidr(value);
    return value;
  }

  async writeDp(address: DpAddress, value: number, signal: AbortSignal): Promise<void> {
    if (address === DP.ABORT) return this.#writeAbort(value, signal);
    if ((address & 0x08) === 0) this.#select.forDp(address, this.#writeDpNow);
    this.#collected.writeDp(address, value);
    await this.#send(signal);
    if (address === DP.CTRL_STAT) this.#notePower(value & POWER_REQUESTS);
  }

  async readAp(address: ApAddress, count: number, signal: AbortSignal): Promise<Uint32Array> {
    signal.throwIfAborted();
    const words = new Uint32Array(count);
    this.#selectAp(address);
    let done = 0;
    const room = this.#collected.readsLeft - this.#statusReads;
    if (this.#collected.count > 0 || count <= this.#limitAlone(room)) {
      done = Math.min(count, room);
      for (let i = 0; i < done; i++) this.#collected.readAp(address);
      words.set(await this.#send(signal, address));
    }
    if (done < count) await this.#sendBlocks(this.#readBlocks(address, words.subarray(done)), this.#depth);
    return words;
  }

  async writeAp(address: ApAddress, values: Uint32Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#selectAp(address);
    let done = 0;
    const room = this.#collected.writesLeft - this.#statusReads;
    if (this.#collected.count > 0 || values.length <= this.#limitAlone(room)) {
      done = Math.min(values.length, room);
      for (let i = 0; i < done; i++) this.#collected.writeAp(address, values[i]);
      await this.#send(signal, address);
    }
    // One packet at a time: a write behind one that fails would be executed all the same, and leave a gap in memory.
    if (done < values.length) await this.#sendBlocks(this.#writeBlocks(address, values.subarray(done)), 1);
  }

  /** Nothing waits: every write has been executed when it returned. */
  flush(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return Promise.resolve();
  }

  /**
   * Always accepted by the DP (IHI 0031 B2.2.1). JTAG has an instruction of its own for it. DAPABORT is written without
   * DAP_Transfer, because the probe would check the write by reading RDBUFF, and wait for the very access that is to be
   * aborted.
   */
  async #writeAbort(value: number, signal: AbortSignal): Promise<void> {
    try {
      if (this.#protocol === 'JTAG' || value & ABORT.DAPABORT) {
        await this.#exchange.exchange(writeAbort(value), signal);
      } else {
        this.#collected.writeDp(DP.ABORT, value);
        await this.#send(signal);
      }
    } finally {
      this.#forget(false);
    }
  }

  get #checksStatus(): boolean {
    return this.#protocol === 'JTAG';
  }

  /** What has to be left free in a DAP_Transfer for the read of CTRL/STAT. */
  get #statusReads(): number {
    return this.#checksStatus ? 1 : 0;
  }

  /** How many accesses go into a DAP_Transfer rather than into a block, when nothing else is to be sent. */
  #limitAlone(room: number): number {
    return this.#checksStatus ? room : 1; // the status comes with a transfer; a block would need another packet
  }

  #selectAp(address: ApAddress): void {
    this.#select.forAp(address, this.#writeDpNow);
    if (this.#checksStatus) this.#select.forDp(DP.CTRL_STAT, this.#writeDpNow);
  }

  #notePower(requests: number): void {
    if (this.#powerRequests !== requests) this.#select.forget(false);
    this.#powerRequests = requests;
  }

  /**
   * Sends what was collected.
   *
   * @param accessed  the AP register that was, if any
   * @returns what was read, valid until the next call
   */
  async #send(signal: AbortSignal, accessed?: ApAddress): Promise<Uint32Array> {
    const checks = accessed !== undefined && this.#checksStatus;
    if (checks) this.#collected.readDp(DP.CTRL_STAT);
    this.#collected.timeoutMs = transferTimeoutMs(this.#collected.count, this.#timing);
    try {
      const words = await this.#exchange.exchange(this.#collected, signal);
      if (!checks) return words;
      requireNoStickyFlag(words[words.length - 1], accessed);
      return words.subarray(0, -1);
    } catch (error) {
      this.#noteFailure(error);
      throw error;
    } finally {
      this.#collected.clear();
    }
  }

  async #sendBlocks(blocks: Iterable<Command<void>>, depth: number): Promise<void> {
    try {
      await this.#exchange.exchangeAll(blocks, depth);
    } catch (error) {
      this.#noteFailure(error);
      // A probe that loses or reorders answers when several packets are on their way gets one at a time from now on.
      if (this.#exchange.isPoisoned && depth > 1) this.#depth = 1;
      throw error;
    }
  }

  /** After any ACK but OK nobody knows how far it got. */
  #noteFailure(error: unknown): void {
    const { access } = error instanceof TransferFaultError ? error : {};
    if (access) {
      this.#select.forgetAfterFault(access.port === 'DP' && access.address === DP.SELECT);
      this.#powerRequests = undefined;
    } else {
      this.#forget(!(error instanceof TransferTimeoutError)); // a WAIT is an answer: the line is up
    }
  }

  *#readBlocks(address: ApAddress, words: Uint32Array): Iterable<Command<void>> {
    const size = maxBlockReads(this.#packetSizeBytes);
    for (let at = 0; at < words.length; at += size) {
      const part = words.subarray(at, at + size);
      yield readBlock(part, { address, timeoutMs: transferTimeoutMs(part.length, this.#timing) });
    }
    if (this.#checksStatus) yield this.#statusCheck(address);
  }

  *#writeBlocks(address: ApAddress, values: Uint32Array): Iterable<Command<void>> {
    const size = maxBlockWrites(this.#packetSizeBytes);
    for (let at = 0; at < values.length; at += size) {
      const part = values.subarray(at, at + size);
      yield writeBlock(part, { address, timeoutMs: transferTimeoutMs(part.length, this.#timing) });
    }
    if (this.#checksStatus) yield this.#statusCheck(address);
  }

  /** A DAP_Transfer that reads CTRL/STAT. @param address  the AP register that blocks have accessed */
  #statusCheck(address: ApAddress): Command<void> {
    const transfer = new Transfer(this.#packetSizeBytes);
    transfer.readDp(DP.CTRL_STAT);
    return {
      id: transfer.id,
      name: transfer.name,
      timeoutMs: transferTimeoutMs(1, this.#timing),
      encode: (packet) => transfer.encode(packet),
      decode: (reply) => requireNoStickyFlag(transfer.decode(reply)[0], address),
    };
  }
}

/** @throws TransferFaultError  if CTRL/STAT has a sticky flag set */
function requireNoStickyFlag(ctrlStat: number, address: ApAddress): void {
  if (ctrlStat & STICKY_FLAGS) throw new TransferFaultError({ port: 'AP', address });
}
