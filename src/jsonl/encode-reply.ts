// The two kinds of reply line, each with its LF. Keys in pyOCD's order.

import { encodeJson } from './encode-json.js';

/**
 * @param id      JSON text of the request's id
 * @param result  undefined: the reply has no `result` key
 */
export function encodeReply(id: string, result: unknown): string {
  return result === undefined
    ? `{"id": ${id}, "status": 0}\n`
    : `{"id": ${id}, "status": 0, "result": ${encodeJson(result)}}\n`;
}

/** @param status  not 0 */
export function encodeError(id: string, status: number, error: string): string {
  return `{"id": ${id}, "status": ${status}, "error": ${JSON.stringify(error)}}\n`;
}
