// The values that requests of the probe protocol are made of.

import { Type } from 'typebox';
import type { NumberList } from '../jsonl/encode-json.js';
import { integerList, oneOf } from '../jsonl/schema.js';

/** A DP register as in a packet header: A[3:2]. The bank comes from the client's SELECT. */
export const DP_ADDRESS = oneOf(0, 4, 8, 12);

/** A full AP address, ADIv5 or ADIv6; see `ApAddress`. */
export const AP_ADDRESS = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, multipleOf: 4 });

/** Words in one request to an AP: what `DapPort` takes at a time. */
export const MAX_AP_WORDS = 65_535;

/** Bytes in one request to memory through a handle. Of a write, the limit of the line may allow fewer. */
export const MAX_MEMORY_BYTES = 4 * 1024 * 1024;

const WORD = { minimum: 0, maximum: 0xffff_ffff };
const BYTE = { minimum: 0, maximum: 0xff };

/**
 * A word in a list to be written: its low 32 bits count, like in pyOCD's own server. Stock clients do send wider ones:
 * the CRC analyzer's sector list (pyOCD, Flash.compute_crcs) is packed without a mask.
 */
const WRITTEN_WORD = {
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'an integer of which the low 32 bits count, from 0 to 9007199254740991',
};

export const AP_WORDS = integerList(WRITTEN_WORD, { minItems: 1, maxItems: MAX_AP_WORDS });
export const MEMORY_WORDS = integerList(WRITTEN_WORD, { minItems: 0, maxItems: MAX_MEMORY_BYTES / 4 });
export const MEMORY_BYTES = integerList(BYTE, { minItems: 0, maxItems: MAX_MEMORY_BYTES });

/** Lists in replies. */
export const WORDS = Type.Unsafe<NumberList>({ type: 'array', items: Type.Integer(WORD) });
export const BYTES = Type.Unsafe<NumberList>({ type: 'array', items: Type.Integer(BYTE) });

/** Yes or no. pyOCD's own targets call `assert_reset(1)`, so that 1 and 0 come over the wire, too. */
export const FLAG = oneOf<boolean | 0 | 1>(false, true, 0, 1);

export function isSet(flag: boolean | number): boolean {
  return flag === true || flag === 1;
}

/** Wire protocols by their names in pyOCD. */
export const PROTOCOL = oneOf('DEFAULT', 'SWD', 'JTAG');
