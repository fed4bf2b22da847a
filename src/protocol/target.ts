// Clock, nRESET, and bit sequences on the wire.

import { Type } from 'typebox';
import { arg, args } from '../jsonl/request-arguments.js';
import { noResult, optionalResult, result } from '../jsonl/request-table.js';
import { oneOf, wideUint } from '../jsonl/schema.js';
import { probeRequest } from './probe-request.js';
import { FLAG } from './schemas.js';

const MAX_SWJ_BITS = 256;
const MAX_SEQUENCE_BITS = 64;
/** CMSIS-DAP 2.1.2, DAP_SWD_Sequence: the number of sequences is one byte. */
const MAX_PIECES = 255;

const SEQUENCE_BITS = Type.Integer({ minimum: 1, maximum: MAX_SEQUENCE_BITS });

/** `[clocks]` reads, `[clocks, bits]` writes: pyOCD, DebugProbe.swd_sequence. */
export type SwdPiece = readonly [clocks: number, bits?: number | bigint];

const SWD_PIECES = Type.Unsafe<readonly SwdPiece[]>({
  type: 'array',
  minItems: 1,
  maxItems: MAX_PIECES,
  items: {
    type: 'array',
    anyOf: [
      { items: [SEQUENCE_BITS], additionalItems: false, minItems: 1, maxItems: 1 },
      { items: [SEQUENCE_BITS, wideUint(MAX_SEQUENCE_BITS)], additionalItems: false, minItems: 2, maxItems: 2 },
    ],
  },
  description: `a list of 1 to ${MAX_PIECES} pieces, each [clocks] to read or [clocks, bits] to write, of 1 to ${MAX_SEQUENCE_BITS} clocks`,
});

export type SwdResult = readonly [status: 0, read: readonly bigint[]];

const SWD_RESULT = Type.Unsafe<SwdResult>({
  type: 'array',
  minItems: 2,
  maxItems: 2,
  items: [{ enum: [0] }, { type: 'array', items: wideUint(MAX_SEQUENCE_BITS) }],
  additionalItems: false,
  description: '[0, a list of what each [clocks] read]',
});

export const setClock = probeRequest({
  name: 'set_clock',
  summary: 'Sets the frequency of SWCLK/TCK in Hz, fractions rounded; before `connect` it is remembered.',
  args: args(arg('frequency', Type.Number({ minimum: 1, maximum: 0xffff_ffff }))),
  result: noResult,
});

export const reset = probeRequest({
  name: 'reset',
  summary: 'Pulses nRESET; the reply comes when the target has had time to start.',
  args: args(),
  result: noResult,
});

export const assertReset = probeRequest({
  name: 'assert_reset',
  summary: 'Pulls nRESET low (true) or lets it go (false).',
  args: args(arg('asserted', FLAG)),
  result: noResult,
});

export const isResetAsserted = probeRequest({
  name: 'is_reset_asserted',
  summary: 'Says whether nRESET is low, whoever pulls it.',
  args: args(),
  result: result(Type.Boolean()),
});

export const swjSequence = probeRequest({
  name: 'swj_sequence',
  summary: 'Clocks bits out on SWDIO/TMS, bit 0 first. Bits past `length` are ignored.',
  args: args(arg('length', Type.Integer({ minimum: 1, maximum: MAX_SWJ_BITS })), arg('bits', wideUint(MAX_SWJ_BITS))),
  result: noResult,
});

export const swdSequence = probeRequest({
  name: 'swd_sequence',
  summary: 'Writes and reads pieces of an SWD bit stream, bit 0 first. The leading 0 of the result means success.',
  args: args(arg('sequences', SWD_PIECES)),
  result: result(SWD_RESULT),
});

export const jtagSequence = probeRequest({
  name: 'jtag_sequence',
  summary: 'Clocks TMS and TDI, bit 0 first. The result is what TDO said, if `read_tdo` asks for it.',
  args: args(
    arg('cycles', SEQUENCE_BITS),
    arg('tms', oneOf<0 | 1>(0, 1)),
    arg('read_tdo', FLAG),
    arg('tdi', wideUint(MAX_SEQUENCE_BITS)),
  ),
  result: optionalResult(wideUint(MAX_SEQUENCE_BITS)),
});

export const targetRequests = [
  setClock,
  reset,
  assertReset,
  isResetAsserted,
  swjSequence,
  swdSequence,
  jtagSequence,
] as const;
