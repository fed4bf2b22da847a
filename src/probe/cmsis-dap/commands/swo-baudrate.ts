import { CommandId, putBytes, requireReply, word, type Command } from './command.js';

/** DAP_SWO_Baudrate. @returns the rate the probe has set, the nearest it can do; 0: refused, nothing is set */
export function swoBaudrate(baudRate: number): Command<number> {
  return {
    id: CommandId.SwoBaudrate,
    name: 'DAP_SWO_Baudrate',
    encode: (packet) => putBytes(packet, 0, CommandId.SwoBaudrate, ...word(baudRate)),
    decode(reply) {
      requireReply(this, reply, 5);
      return reply.getUint32(1, true);
    },
  };
}
