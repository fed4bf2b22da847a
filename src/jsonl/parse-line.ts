import { isUtf8 } from 'node:buffer';
import { parseLosslessJson } from './lossless-json.js';

/** 2^53 has 16 digits: a line without so long a run of digits holds no integer that a `number` cannot. */
const LONG_DIGITS = 16;

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
  return hasLongInteger(line) ? parseLosslessJson(text) : JSON.parse(text);
}

/**
 * Looks at every 16th byte: a run of 16 digits covers one of them. On a long list of words a regular expression takes
 * ten times as long, and longer than all the rest of parsing.
 */
function hasLongInteger(line: Uint8Array): boolean {
  for (let at = LONG_DIGITS - 1; at < line.length; at += LONG_DIGITS) {
    if (!isDigit(line[at])) continue;
    let start = at;
    let end = at + 1;
    while (isDigit(line[start - 1])) start--;
    while (isDigit(line[end])) end++;
    if (end - start >= LONG_DIGITS) return true;
  }
  return false;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
