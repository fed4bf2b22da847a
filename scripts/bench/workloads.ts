// What the load generator's clients do.

/** Words in a block. */
const WORDS = 256;

export const request = (name: string, ...args: unknown[]): string =>
  JSON.stringify({ id: 1, request: name, ...(args.length > 0 && { arguments: args }) });

/** SWD, powered up, CSW for words with auto-increment. */
export const connected = [
  request('hello', 1),
  request('open'),
  request('connect', 'SWD'),
  // Line reset, JTAG-to-SWD, line reset, idle (IHI 0031 B5.2.1). Then DPIDR, which must come first.
  request('swj_sequence', 51, 2 ** 51 - 1),
  request('swj_sequence', 16, 0xe79e),
  request('swj_sequence', 51, 2 ** 51 - 1),
  request('swj_sequence', 8, 0),
  request('read_dp', 0),
  request('write_dp', 0, 0x1e),
  request('write_dp', 8, 0),
  request('write_dp', 4, 0x50000f00),
  request('write_ap', 0, 0x23000012),
];

/** The same, and the core halted. */
export const setup = [
  ...connected,
  // Halts the core (DHCSR: C_HALT, C_DEBUGEN): it is the daemon that is measured, not the simulated processor.
  request('write_ap', 4, 0xe000edf0),
  request('write_ap', 12, 0xa05f0003),
];

/** Requests that a client sends ahead. */
const AHEAD = 64;

/** By name; each request is sent when the one before has been answered. */
export const operations: Readonly<Record<string, readonly string[]>> = {
  read_dp: [request('read_dp', 4)],
  'lock, unlock': [request('lock'), request('unlock')],
  [`read ${WORDS} words`]: [request('write_ap', 4, 0x20000000), request('read_ap_multiple', 12, WORDS)],
  [`write ${WORDS} words`]: [
    request('write_ap', 4, 0x20000000),
    request('write_ap_multiple', 12, Array<number>(WORDS).fill(0x12345678)),
  ],
};

/** The same, of a client that sends several requests before it reads a reply: an entry is what it sends at once. */
export const pipelined: Readonly<Record<string, readonly string[]>> = {
  [`read_dp, ${AHEAD} ahead`]: [Array<string>(AHEAD).fill(request('read_dp', 4)).join('\n')],
};
