import { isUtf8 } from 'node:buffer';
import { parseLosslessJson } from './lossless-json.js';

/** 2^53 has 16 digits: a line without so long a run of digits holds no integer that a `number` cannot. */
const LONG_INTEGER = /\d{16}/;

/**
 * Parses one line of JSON (RFC 8259). Integers written without fraction and exponent that are not safe in a `number`
 * come out as `bigint`; every other number as `number`, which is all that `JSON.parse` gives.
 *
 * @param line  UTF-8, without its terminator
 * @throws SyntaxError  for what is no JSON text or no UTF-8
 */
export function parseLine(line: Uint8Array): unknown {
  if (!isUtf8(line)) throw new SyntaxError('the line is not valid UTF-8');
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8');
  return LONG_INTEGER.test(text) ? parseLosslessJson(text) : JSON.parse(text);
}
