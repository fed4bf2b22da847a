import { describeError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { never } from '../../base/never.js';
import { runAll } from '../../base/run-all.js';
import type { BitString } from '../../dap/bit-string.js';
import { NoAckError } from '../../dap/errors.js';
import { resetsLine } from '../../dap/line-reset.js';
import { ABORT, DP, dpBankOf, POWER_REQUESTS, type ApAddress, type DpAddress } from '../../dap/registers.js';
import type { WireProtocol } from '../../dap/wire-protocol.js';
import type { PostingDapPort } from '../probe.js';
import type { Command } from './commands/command.js';
import { Transfer } from './commands/transfer.js';
import { maxBlockWrites } from './commands/transfer-block.js';
import { writeAbort } from './commands/write-abort.js';
import type { PacketExchange } from './packet-exchange.js';
import { type PacketShape, readPackets, requireGoodStatus, transferAmong, writePackets } from './run-packets.js';
import { TargetBelief } from './target-belief.js';
import { transferTimeoutMs, type TransferTiming } from './transfer-timing.js';

export interface TransferQueueOptions {
  readonly packetSizeBytes: number;
  /** How many packets the probe can hold at once. */
  readonly packetCount: number;
  readonly timing: TransferTiming;
  /** Whether a write may return before it was executed. */
  readonly postsWrites: boolean;
  readonly log: Logger;
}

/**
 * Turns DP and AP accesses into packets, with what they need in SELECT.
 *
 * Accesses are collected in one DAP_Transfer, with the SELECT writes they need; a run on one register continues in
 * DAP_TransferBlocks. A read sends what was collected, itself included. A write does so too, unless writes are posted:
 * then it leaves with the next read or `flush`, or when the packet is full, and its error is thrown by whichever call
 * sent it. The access that failed is named in the error. What was collected behind it is dropped, as the probe drops
 * what follows it in the packet.
 *
 * A JTAG-DP has one ACK for OK and FAULT (IHI 0031 B3.4.3), so with JTAG every run of AP accesses ends with a read of
 * CTRL/STAT: in the same DAP_Transfer, or in one of its own behind blocks. A sticky flag there is the FAULT, and as with
 * SWD it stays one until the flag is cleared, which is for the client to do.
 */
export class TransferQueue implements PostingDapPort {
  readonly postsWrites: boolean;
  readonly #exchange: PacketExchange;
  readonly #log: Logger;
  readonly #packetSizeBytes: number;
  readonly #belief = new TargetBelief();
  /** What has been collected and not been sent. */
  readonly #collected: Transfer;
  /** DP writes the access at hand needs before it. */
  readonly #setUp: { readonly address: DpAddress; readonly value: number }[] = [];
  readonly #addToSetUp = (address: DpAddress, value: number): number => this.#setUp.push({ address, value });
  /** Counts what was sent. */
  #batch = 0;
  #confirmed = 0;
  /** The last AP register that was collected. */
  #lastAp: ApAddress | undefined;
  #depth: number;
  #timing: TransferTiming;
  #protocol: WireProtocol = 'SWD';

  constructor(exchange: PacketExchange, options: TransferQueueOptions) {
    this.#exchange = exchange;
    this.#log = options.log;
    this.#packetSizeBytes = options.packetSizeBytes;
    this.postsWrites = options.postsWrites;
    this.#collected = new Transfer(options.packetSizeBytes);
    this.#depth = options.packetCount;
    this.#timing = options.timing;
  }

  setTiming(timing: TransferTiming): void {
    this.#timing = timing;
  }

  setProtocol(protocol: WireProtocol): void {
    this.#protocol = protocol;
    this.#belief.setProtocol(protocol);
  }

  /** See `TargetBelief`. */
  forget(): void {
    this.#belief.forget(this.#isAllSent);
  }

  /** See `TargetBelief`. */
  forgetTarget(): void {
    this.#belief.forgetTarget();
  }

  /** See `TargetBelief`. */
  forgetLine(sequence: BitString): void {
    this.#belief.forgetLine(this.#isAllSent, this.#protocol === 'SWD' && resetsLine(sequence));
  }

  get postedBatch(): number | undefined {
    return this.#isAllSent ? undefined : this.#batch;
  }

  get posted(): number {
    return this.#collected.place;
  }

  get confirmed(): number {
    return this.#confirmed;
  }

  get namesRefused(): boolean {
    return !this.#checksStatus;
  }

  async readDp(address: DpAddress, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted();
    const made = this.#prepareDp(address, 1);
    if (made) await made;
    // DPIDR and CTRL/STAT can be read whatever has failed: that a posted write did is told by RDBUFF.
    if (this.#lastAp !== undefined && !this.#checksStatus) this.#collected.checkWriteAp(this.#lastAp);
    this.#collected.readDp(address);
    const words = await this.#send();
    const value = words[words.length - 1];
    if (address === DP.DPIDR && this.#belief.readsDpidrAgain()) return this.readDp(address, signal);
    this.#belief.dpRead(address, value);
    return value;
  }

  async writeDp(address: DpAddress, value: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (address === DP.ABORT) return this.#writeAbort(value);
    const made = this.#prepareDp(address, this.#statusReads);
    if (made) await made;
    this.#collected.writeDp(address, value);
    const isControl = address === DP.CTRL_STAT;
    if (isControl) this.#belief.powerWritten(value & POWER_REQUESTS);
    // Power and modes of the DP are not posted: everything that follows depends on them.
    if (isControl || !this.postsWrites) await this.#send();
  }

  async readAp(address: ApAddress, count: number, signal: AbortSignal): Promise<Uint32Array> {
    signal.throwIfAborted();
    const made = this.#prepareAp(address);
    if (made) await made;
    const words = new Uint32Array(count);
    const room = this.#collected.readsLeft - this.#statusReads;
    const isCollected = !this.#isAllSent || count <= this.#limitAlone(room);
    const first = isCollected ? Math.min(count, room) : 0;
    for (let i = 0; i < first; i++) this.#collected.readAp(address);
    if (first > 0) this.#lastAp = address;
    if (first === count) words.set(await this.#send());
    else await this.#sendAll(this.#readPackets(address, words, first), this.#depth);
    this.#belief.apRead(address, words);
    return words;
  }

  async writeAp(address: ApAddress, values: Uint32Array, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (values.length === 1 && this.#belief.holds(address, values[0])) return;
    const made = this.#prepareAp(address);
    if (made) await made;
    let done = 0;
    const room = this.#collected.writesLeft - this.#statusReads;
    const limit = this.postsWrites ? room : this.#limitAlone(room);
    if (!this.#isAllSent || values.length <= limit) {
      done = this.#collectWrites(address, values, room);
    }
    if (done < values.length) {
      if (!this.#isAllSent) await this.#send();
      const tail = values.length - this.#tailLength(values.length - done);
      // One packet at a time: a write behind one that fails would be executed all the same, and leave a gap in memory.
      if (done < tail) await this.#sendAll(writePackets(address, values.subarray(done, tail), this.#shape), 1);
      this.#collectWrites(address, values.subarray(tail), Infinity);
    }
    this.#belief.apWritten(address, values, this.#isAllSent);
    if (!this.postsWrites && !this.#isAllSent) await this.#send();
  }

  async flush(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#isAllSent) await this.#send();
  }

  /**
   * Always accepted by the DP (IHI 0031 B2.2.1). JTAG has an instruction of its own for it. DAPABORT is written without
   * DAP_Transfer, because the probe would check the write by reading RDBUFF, and wait for the very access that is to be
   * aborted.
   */
  async #writeAbort(value: number): Promise<void> {
    if (this.#protocol === 'JTAG' || value & ABORT.DAPABORT) {
      const abort = (): Promise<void> => this.#exchange.exchange(writeAbort(value), never);
      // What was posted may hang on the very thing that is to be aborted.
      await runAll([() => this.flush(never), () => abort().finally(() => this.#belief.abortWritten())], (error) => {
        this.#log.warn('ABORT was not written', { error: describeError(error) });
      });
      return;
    }
    if (this.#collected.writesLeft < 1) await this.#send();
    this.#collected.writeDp(DP.ABORT, value);
    if (!this.postsWrites) await this.#send().finally(() => this.#belief.abortWritten());
    else this.#belief.abortWritten();
  }

  /** @returns how many of the values were collected, `room` at most */
  #collectWrites(address: ApAddress, values: Uint32Array, room: number): number {
    const count = Math.min(values.length, room);
    for (let i = 0; i < count; i++) this.#collected.writeAp(address, values[i]);
    if (count > 0) this.#lastAp = address;
    return count;
  }

  /** How many words at the end of a run go into a DAP_Transfer that is sent later, instead of a block of their own. */
  #tailLength(words: number): number {
    if (!this.postsWrites) return 0;
    const tail = words % maxBlockWrites(this.#packetSizeBytes);
    return tail <= this.#collected.writesLeft - this.#statusReads ? tail : 0;
  }

  get #isAllSent(): boolean {
    return this.#collected.count === 0;
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

  /**
   * Collects the DP writes an access needs, and sees to it that the access itself will fit behind them.
   *
   * @param checks  reads that go with it
   * @returns       a promise only where there is something to wait for: the next turn of the event loop is not free
   */
  #prepareDp(address: DpAddress, checks: number): Promise<void> | undefined {
    // In another bank there is no CTRL/STAT to be read behind what was collected.
    const isPastStatus = this.#checksStatus && this.#lastAp !== undefined && dpBankOf(address) !== 0;
    if (isPastStatus) return this.#send().then(() => this.#prepareDp(address, checks));
    this.#belief.prepareDp(address, this.#addToSetUp);
    return this.#collectSetUp(checks);
  }

  #prepareAp(address: ApAddress): Promise<void> | undefined {
    this.#belief.prepareAp(address, this.#addToSetUp);
    if (this.#checksStatus) this.#belief.prepareDp(DP.CTRL_STAT, this.#addToSetUp);
    return this.#collectSetUp(this.#statusReads);
  }

  #collectSetUp(checks: number): Promise<void> | undefined {
    if (this.#collected.writesLeft < this.#setUp.length + 1 + checks) {
      return this.#send().then(
        () => this.#collectSetUp(checks),
        (error: unknown) => {
          this.#setUp.length = 0;
          throw error;
        },
      );
    }
    for (const { address, value } of this.#setUp) this.#collected.writeDp(address, value);
    this.#setUp.length = 0;
    return undefined;
  }

  /** Sends what was collected. @returns what was read, valid until the next call */
  async #send(): Promise<Uint32Array> {
    const accessed = this.#checksStatus ? this.#lastAp : undefined;
    if (accessed !== undefined) this.#collected.readDp(DP.CTRL_STAT);
    this.#collected.timeoutMs = transferTimeoutMs(this.#collected.count, this.#timing);
    try {
      const words = await this.#exchange.exchange(this.#collected, never);
      this.#belief.executed();
      if (accessed !== undefined) {
        requireGoodStatus(words[words.length - 1], this.#belief.debugPowerRequest, accessed);
      }
      this.#confirmed = this.#collected.place;
      return accessed === undefined ? words : words.subarray(0, -1);
    } catch (error) {
      this.#failed(error);
      throw error;
    } finally {
      this.#startBatch();
    }
  }

  /** Sends packets of one run, the first of which may be what was collected. */
  async #sendAll(packets: Iterable<Command<void>>, depth: number): Promise<void> {
    try {
      await this.#exchange.exchangeAll(packets, depth);
      this.#belief.executed();
      this.#confirmed = this.#collected.place;
    } catch (error) {
      this.#failed(error);
      if (depth > 1) this.#distrust();
      throw error;
    } finally {
      this.#startBatch();
    }
  }

  #failed(error: unknown): void {
    if (this.#protocol === 'JTAG' && error instanceof NoAckError) this.#belief.scanBroken();
    else this.#belief.failed(error, this.#collected);
  }

  /** A probe that loses or reorders answers when several packets are on their way gets one at a time from now on. */
  #distrust(): void {
    if (!this.#exchange.isPoisoned || this.#exchange.pipe.gone.aborted) return;
    this.#log.warn('the probe gets one packet at a time from now on', { before: this.#depth });
    this.#depth = 1;
  }

  #startBatch(): void {
    this.#collected.clear();
    this.#lastAp = undefined;
    this.#batch++;
  }

  /** What was collected, which ends with `first` reads of the register, and the rest of the run in blocks. */
  *#readPackets(address: ApAddress, words: Uint32Array, first: number): Iterable<Command<void>> {
    if (first > 0) {
      this.#collected.timeoutMs = transferTimeoutMs(this.#collected.count, this.#timing);
      yield transferAmong(this.#collected, (read) => words.set(read));
    }
    yield* readPackets(address, words.subarray(first), this.#shape);
  }

  get #shape(): PacketShape {
    return {
      packetSizeBytes: this.#packetSizeBytes,
      timing: this.#timing,
      statusWithRequests: this.#checksStatus ? this.#belief.debugPowerRequest : undefined,
    };
  }
}
