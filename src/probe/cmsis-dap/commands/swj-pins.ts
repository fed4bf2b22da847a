import { CommandId, putBytes, requireReply, word, type Command } from './command.js';

/** Bits of the pin fields. */
export const Pin = { SwclkTck: 0x01, SwdioTms: 0x02, Tdi: 0x04, Tdo: 0x08, NTrst: 0x20, NReset: 0x80 } as const;

export interface PinChange {
  /** Levels of the selected pins. */
  readonly output: number;
  /** Which pins to drive; none reads only. */
  readonly select: number;
}

/** DAP_SWJ_Pins, without waiting for the pins to settle (Pin Wait 0). @returns the level of all pins, see `Pin` */
export function swjPins({ output, select }: PinChange): Command<number> {
  return {
    id: CommandId.SwjPins,
    name: 'DAP_SWJ_Pins',
    encode: (packet) => putBytes(packet, 0, CommandId.SwjPins, output, select, ...word(0)),
    decode(reply) {
      requireReply(this, reply, 2);
      return reply.getUint8(1);
    },
  };
}
