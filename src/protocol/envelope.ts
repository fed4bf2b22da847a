// One request line, taken apart as far as it goes without knowing the request.

import { encodeJson } from '../jsonl/encode-json.js';
import { parseLine } from '../jsonl/parse-line.js';

export interface Envelope {
  readonly malformed?: undefined;
  /** JSON text of the request's id, to be echoed; any JSON value will do. */
  readonly id: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

export interface MalformedEnvelope {
  /** What is wrong. */
  readonly malformed: string;
  /** -1 if the line has no id that could be echoed. */
  readonly id: string;
}

const NO_ID = '-1';
const NO_ARGUMENTS: readonly unknown[] = [];

/** Never throws: whatever a client sends has an answer. Texts begin as pyOCD's do. */
export function readEnvelope(line: Uint8Array): Envelope | MalformedEnvelope {
  let message: unknown;
  try {
    message = parseLine(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { id: NO_ID, malformed: `invalid request format: ${error.message}` };
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return { id: NO_ID, malformed: 'invalid request format: must be a JSON object' };
  }
  if (!('id' in message)) return { id: NO_ID, malformed: 'missing request ID' };
  const id = encodeId(message.id);
  if (id === undefined) return { id: NO_ID, malformed: 'invalid request ID: too large or too deeply nested' };
  if (!('request' in message)) return { id, malformed: 'missing request field' };
  const args = 'arguments' in message ? message.arguments : NO_ARGUMENTS;
  if (!Array.isArray(args)) return { id, malformed: 'invalid request arguments format: must be a list' };
  if (typeof message.request !== 'string') return { id, malformed: 'unknown request type: must be a string' };
  return { id, name: message.request, args };
}

/** JSON text of an id; undefined for what JSON can be read as, but not written (1e999, ten thousand brackets). */
function encodeId(id: unknown): string | undefined {
  if (typeof id === 'number' && !Number.isFinite(id)) return undefined;
  try {
    return encodeJson(id);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
