import { CommandId, replyBytes, requireReply, type Command } from './command.js';

/** What can be asked for (DAP_Info, field ID). */
export const InfoId = {
  Vendor: 0x01,
  Product: 0x02,
  Serial: 0x03,
  ProtocolVersion: 0x04,
  FirmwareVersion: 0x09,
  Capabilities: 0xf0,
  SwoBufferSize: 0xfd,
  PacketCount: 0xfe,
  PacketSize: 0xff,
} as const;

/** Bits of the capabilities, Info0 in 7:0 and Info1 in 15:8. */
export const Capability = {
  Swd: 0x01,
  Jtag: 0x02,
  SwoUart: 0x04,
  SwoManchester: 0x08,
  AtomicCommands: 0x10,
  TestDomainTimer: 0x20,
  SwoStreaming: 0x40,
  Uart: 0x80,
  UsbComPort: 0x100,
} as const;

const decoder = new TextDecoder('utf-8'); // not fatal: a bad byte becomes U+FFFD, and the probe stays usable

/**
 * DAP_Info for a text. Probes get these wrong in every way: no terminator, several, a length past the packet, bytes
 * that are not UTF-8.
 *
 * @returns the text up to its first NUL, without blanks around it; undefined where there is none (Len = 0, or empty)
 */
export function infoText(id: number): Command<string | undefined> {
  return infoCommand(id, (reply, sizeBytes) => {
    const bytes = replyBytes(reply, 2, Math.min(sizeBytes, reply.byteLength - 2));
    const end = bytes.indexOf(0);
    return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end)).trim() || undefined;
  });
}

/**
 * DAP_Info for a number: BYTE, SHORT or WORD, as Len says. The capabilities are one or two bytes, and some probes send
 * a packet count of two.
 *
 * @returns unsigned; undefined where the probe does not say
 */
export function infoNumber(id: number): Command<number | undefined> {
  return infoCommand(id, (reply, sizeBytes) => {
    if (sizeBytes === 0 || sizeBytes > 4) return undefined;
    let value = 0;
    for (let i = sizeBytes - 1; i >= 0; i--) value = value * 0x100 + reply.getUint8(2 + i);
    return value;
  });
}

function infoCommand<T>(infoId: number, read: (reply: DataView, sizeBytes: number) => T): Command<T> {
  return {
    id: CommandId.Info,
    name: `DAP_Info(0x${infoId.toString(16).padStart(2, '0')})`,
    encode(packet) {
      packet.setUint8(0, CommandId.Info);
      packet.setUint8(1, infoId);
      return 2;
    },
    decode(reply) {
      requireReply(this, reply, 2);
      const sizeBytes = reply.getUint8(1);
      if (infoId >= 0xf0) requireReply(this, reply, 2 + Math.min(sizeBytes, 4));
      return read(reply, sizeBytes);
    },
  };
}
