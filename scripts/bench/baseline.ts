// The counted figures of `npm run bench -- --only wire`, as they are to stay. A change that lowers one writes it here.

/** OUT packets to a probe that holds eight packets, by packet size and operation. */
export const outPacketBaseline: Readonly<Record<number, Readonly<Record<string, number>>>> = {
  512: {
    'connect only': 43,
    'read32 of 4 KB': 55,
    'halt, 21 registers': 80,
    'load of 6 KB': 266,
    'savemem of 64 KB': 235,
    'gdb attach, registers': 83,
    'gdb load': 347,
  },
  64: {
    'connect only': 43,
    'read32 of 4 KB': 115,
    'halt, 21 registers': 80,
    'load of 6 KB': 373,
    'savemem of 64 KB': 1195,
    'gdb attach, registers': 83,
    'gdb load': 454,
  },
};
