import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One request of a recorded conversation, and the reply it got: the lines as they were on the wire. */
export interface Exchange {
  readonly request: string;
  readonly reply: string;
}

/**
 * Reads a recording of the stock client against pyOCD's own server (test/fixtures/transcripts): lines that begin with
 * ">" are the client's, with "<" the server's, in turn.
 */
export function readTranscript(name: string): Exchange[] {
  const file = path.join(import.meta.dirname, '../fixtures/transcripts', `${name}.txt`);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const exchanges: Exchange[] = [];
  for (let i = 0; i < lines.length; i += 2)
    exchanges.push({ request: lines[i].slice(2), reply: lines[i + 1].slice(2) });
  return exchanges;
}
