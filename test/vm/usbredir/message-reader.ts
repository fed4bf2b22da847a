import type { Agreement } from './protocol.js';
import { NOTHING_AGREED } from './protocol.js';

/** One message, its body not looked into. */
export interface RawMessage {
  readonly type: number;
  /** Pairs an answer with its packet. */
  readonly id: bigint;
  readonly body: Buffer;
}

/** More than any packet of a debug probe: something else is at the other end. */
const MAX_BODY_BYTES = 1 << 24;

/** Cuts the stream of a usbredir connection into messages. */
export class MessageReader {
  /** Decides how long the id is. Set as soon as the hello has been read. */
  agreement: Agreement = NOTHING_AGREED;
  #received = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
  }

  /** @returns the next whole message, if there is one */
  next(): RawMessage | undefined {
    const headerBytes = this.agreement.ids64Bits ? 16 : 12;
    if (this.#received.length < headerBytes) return undefined;
    const type = this.#received.readUInt32LE(0);
    const lengthBytes = this.#received.readUInt32LE(4);
    if (lengthBytes > MAX_BODY_BYTES) throw new RangeError(`usbredir: a message of ${lengthBytes} bytes`);
    const end = headerBytes + lengthBytes;
    if (this.#received.length < end) return undefined;
    const id = this.agreement.ids64Bits ? this.#received.readBigUInt64LE(8) : BigInt(this.#received.readUInt32LE(8));
    const body = this.#received.subarray(headerBytes, end);
    this.#received = this.#received.subarray(end);
    return { type, id, body };
  }
}

/** One message with its header. */
export function encodeMessage(agreement: Agreement, type: number, id: bigint, body: Uint8Array): Buffer {
  const header = Buffer.alloc(agreement.ids64Bits ? 16 : 12);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(body.length, 4);
  if (agreement.ids64Bits) header.writeBigUInt64LE(id, 8);
  else header.writeUInt32LE(Number(id & 0xffffffffn), 8);
  return Buffer.concat([header, body]);
}
