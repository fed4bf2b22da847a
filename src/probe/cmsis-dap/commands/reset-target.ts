import { CommandId, putBytes, requireOk, requireReply, type Command } from './command.js';

/** DAP_ResetTarget: a reset the probe's maker has programmed. @returns false where there is none, and nothing was done */
export const resetTarget: Command<boolean> = {
  id: CommandId.ResetTarget,
  name: 'DAP_ResetTarget',
  encode: (packet) => putBytes(packet, 0, CommandId.ResetTarget),
  decode(reply) {
    requireReply(this, reply, 3);
    requireOk(this, reply.getUint8(1));
    return reply.getUint8(2) === 1;
  },
};
