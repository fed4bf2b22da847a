import type { AccessName } from '../../../dap/ack.js';
import { DP, type ApAddress, type DpAddress } from '../../../dap/registers.js';
import { CommandId, requireReply, type Command } from './command.js';
import { requireTransferred, TransferRequest } from './transfer-response.js';

const COMMAND_HEADER_BYTES = 3;
const REPLY_HEADER_BYTES = 3;
const MAX_TRANSFERS = 255;

/**
 * DAP_Transfer: reads and writes of any DP and AP registers, in order. Collects them while they fit into one packet,
 * command and answer; reused after `clear()`, so that an access costs no allocation.
 */
export class Transfer implements Command<Uint32Array> {
  readonly id = CommandId.Transfer;
  readonly name = 'DAP_Transfer';
  timeoutMs = 0;

  readonly #packetSizeBytes: number;
  readonly #requests = new Uint8Array(MAX_TRANSFERS);
  readonly #addresses = new Float64Array(MAX_TRANSFERS); // an ApAddress may have 53 bits
  /** Whether an error there is that of an access to an AP. */
  readonly #ofAp = new Uint8Array(MAX_TRANSFERS);
  readonly #values = new Uint32Array(MAX_TRANSFERS);
  readonly #reads = new Uint32Array(MAX_TRANSFERS);
  #count = 0;
  #readCount = 0;
  /** By the probe's account; 0 until there is an answer. */
  #executed = 0;
  /** Accesses that were cleared. */
  #cleared = 0;

  constructor(packetSizeBytes: number) {
    this.#packetSizeBytes = packetSizeBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** How many accesses were ever collected: the place of the last one. */
  get place(): number {
    return this.#cleared + this.#count;
  }

  clear(): void {
    this.#cleared += this.#count;
    this.#count = 0;
    this.#readCount = 0;
    this.#executed = 0;
  }

  /** The value of the last write to a DP register that was acknowledged, as far as the answer tells. */
  lastAcknowledgedDpWrite(address: DpAddress): number | undefined {
    for (let i = this.#executed - 1; i >= 0; i--) {
      if (this.#requests[i] === (address & TransferRequest.AddressMask)) return this.#values[i];
    }
    return undefined;
  }

  /** The value of the first access that was not acknowledged, if it is a write to this DP register. */
  unacknowledgedDpWrite(address: DpAddress): number | undefined {
    const at = this.#executed;
    const isIt = at < this.#count && this.#requests[at] === (address & TransferRequest.AddressMask);
    return isIt ? this.#values[at] : undefined;
  }

  /** How many more reads fit. */
  get readsLeft(): number {
    const inReply = Math.floor((this.#packetSizeBytes - REPLY_HEADER_BYTES) / 4) - this.#readCount;
    return Math.min(MAX_TRANSFERS - this.#count, this.#packetSizeBytes - this.#commandBytes, inReply);
  }

  /** How many more writes fit. */
  get writesLeft(): number {
    const inCommand = Math.floor((this.#packetSizeBytes - this.#commandBytes) / 5);
    return Math.min(MAX_TRANSFERS - this.#count, inCommand);
  }

  readDp(address: DpAddress): void {
    this.#add(TransferRequest.Read, address, 0);
  }

  writeDp(address: DpAddress, value: number): void {
    this.#add(0, address, value);
  }

  readAp(address: ApAddress): void {
    this.#add(TransferRequest.Ap | TransferRequest.Read, address, 0);
  }

  writeAp(address: ApAddress, value: number): void {
    this.#add(TransferRequest.Ap, address, value);
  }

  /** Reads RDBUFF, which fails if the last write to an AP did; the error names that. */
  checkWriteAp(address: ApAddress): void {
    this.#add(TransferRequest.Read, DP.RDBUFF, 0);
    this.#addresses[this.#count - 1] = address;
    this.#ofAp[this.#count - 1] = 1;
  }

  encode(packet: DataView): number {
    packet.setUint8(0, CommandId.Transfer);
    packet.setUint8(1, 0); // DAP Index: the one TAP of the JTAG chain; SWD ignores it
    packet.setUint8(2, this.#count);
    let size = COMMAND_HEADER_BYTES;
    for (let i = 0; i < this.#count; i++) {
      const request = this.#requests[i];
      packet.setUint8(size++, request);
      if (request & TransferRequest.Read) continue;
      packet.setUint32(size, this.#values[i], true);
      size += 4;
    }
    return size;
  }

  /** @returns what was read, in order; valid until the next `decode` */
  decode(reply: DataView): Uint32Array {
    requireReply(this, reply, REPLY_HEADER_BYTES);
    this.#executed = Math.min(reply.getUint8(1), this.#count);
    requireTransferred({ requested: this.#count, executed: reply.getUint8(1), response: reply.getUint8(2) }, (index) =>
      this.#accessAt(index),
    );
    requireReply(this, reply, REPLY_HEADER_BYTES + 4 * this.#readCount);
    for (let i = 0; i < this.#readCount; i++) this.#reads[i] = reply.getUint32(REPLY_HEADER_BYTES + 4 * i, true);
    return this.#reads.subarray(0, this.#readCount);
  }

  get #commandBytes(): number {
    return COMMAND_HEADER_BYTES + this.#readCount + 5 * (this.#count - this.#readCount);
  }

  #add(flags: number, address: number, value: number): void {
    this.#requests[this.#count] = flags | (address & TransferRequest.AddressMask);
    this.#addresses[this.#count] = address;
    this.#values[this.#count] = value;
    this.#ofAp[this.#count] = flags & TransferRequest.Ap;
    this.#count++;
    if (flags & TransferRequest.Read) this.#readCount++;
  }

  #accessAt(index: number): AccessName {
    const name = { port: this.#ofAp[index] ? 'AP' : 'DP', address: this.#addresses[index] } as const;
    // Behind the last access the probe reads RDBUFF: that one was taken.
    return this.#executed === index ? { ...name, refusedAt: this.#cleared + index + 1 } : name;
  }
}
