// What every CMSIS-DAP command has in common. The numbers and layouts in this folder are those of the CMSIS-DAP 2.1.2
// documentation, section "CMSIS-DAP Commands"; multi-byte fields are little-endian.

import { ProbeError } from '../../errors.js';

/** First byte of a command and of its answer. */
export const CommandId = {
  Info: 0x00,
  HostStatus: 0x01,
  Connect: 0x02,
  Disconnect: 0x03,
  TransferConfigure: 0x04,
  Transfer: 0x05,
  TransferBlock: 0x06,
  WriteAbort: 0x08,
  ResetTarget: 0x0a,
  SwjPins: 0x10,
  SwjClock: 0x11,
  SwjSequence: 0x12,
  SwdConfigure: 0x13,
  JtagSequence: 0x14,
  JtagConfigure: 0x15,
  SwoTransport: 0x17,
  SwoMode: 0x18,
  SwoBaudrate: 0x19,
  SwoControl: 0x1a,
  SwoData: 0x1c,
  SwdSequence: 0x1d,
  ExecuteCommands: 0x7f,
} as const;

/** What a probe answers, instead of the command's id, to a command it does not implement. */
export const NOT_IMPLEMENTED = 0xff;

/** One command, ready to be sent, and how to read its answer. Pure: no I/O. */
export interface Command<Reply> {
  readonly id: number;
  /** As in the documentation, "DAP_Transfer". */
  readonly name: string;
  /** How long the probe may take; left out where it answers at once. */
  readonly timeoutMs?: number;
  /**
   * Writes the command from byte 0, its id included.
   * @param packet  has room for a whole packet; its old content is garbage
   * @returns       bytes written
   */
  encode(packet: DataView): number;
  /**
   * @param reply  from its first byte, which the caller has found to be `id`; may be longer than the answer (HID pads)
   * @throws MalformedReplyError  where it cannot be the answer to this command
   */
  decode(reply: DataView): Reply;
}

/** A command whose answer has always the same length, so that several answers can be told apart in one packet. */
export interface FixedReplyCommand<Reply> extends Command<Reply> {
  readonly replySizeBytes: number;
}

/** The answer is not one to the question. What else is on its way from the probe can no longer be trusted. */
export class MalformedReplyError extends ProbeError {}

/** @throws MalformedReplyError  if the answer is shorter than `sizeBytes` */
export function requireReply(command: Command<unknown>, reply: DataView, sizeBytes: number): void {
  if (reply.byteLength >= sizeBytes) return;
  throw new MalformedReplyError(
    `the probe's answer to ${command.name} is ${reply.byteLength} bytes long, at least ${sizeBytes} are due`,
  );
}

/**
 * A command that is answered with a status byte: 0 is DAP_OK, all else an error (section "Response Status").
 *
 * @param payload  the bytes after the id
 */
export function statusCommand(id: number, name: string, payload: Uint8Array): FixedReplyCommand<void> {
  return {
    id,
    name,
    replySizeBytes: 2,
    encode: (packet) => putBytes(packet, 0, id) + putBytes(packet, 1, ...payload),
    decode(reply) {
      requireReply(this, reply, 2);
      requireOk(this, reply.getUint8(1));
    },
  };
}

/** @throws ProbeError  if the probe has refused or failed the command */
export function requireOk(command: Command<unknown>, status: number): void {
  if (status !== 0) throw new ProbeError(`the probe refused ${command.name} (status 0x${status.toString(16)})`);
}

/** Writes bytes one after the other. @returns how many */
export function putBytes(packet: DataView, offset: number, ...bytes: number[]): number {
  for (const [i, byte] of bytes.entries()) packet.setUint8(offset + i, byte);
  return bytes.length;
}

/** `reply` from `offset` on, `sizeBytes` long, without copying. */
export function replyBytes(reply: DataView, offset: number, sizeBytes: number): Uint8Array {
  return new Uint8Array(reply.buffer, reply.byteOffset + offset, sizeBytes);
}

/** The bytes of a little-endian 32-bit word. */
export function word(value: number): [number, number, number, number] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
