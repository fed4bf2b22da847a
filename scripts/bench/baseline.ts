// The counted figures of `npm run bench -- --only wire`, as they are to stay. A change that lowers one writes it here.

/** OUT packets to a probe that holds eight packets, by packet size and operation. */
export const outPacketBaseline: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  512: {
    'connect only': 44,
    'read32 of 4 KB': 56,
    'halt, 21 registers': 81,
    'load of 6 KB': 267,
    'savemem of 64 KB': 236,
    'gdb attach, registers': 84,
    'gdb load': 348,
  },
  64: {
    'connect only': 44,
    'read32 of 4 KB': 116,
    'halt, 21 registers': 81,
    'load of 6 KB': 374,
    'savemem of 64 KB': 1196,
    'gdb attach, registers': 84,
    'gdb load': 455,
  },
};
