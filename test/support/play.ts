import assert from 'node:assert/strict';
import { TestClient } from './test-client.js';
import { readTranscript } from './transcript.js';

export interface Playing {
  readonly recording: string;
  /** How many of its requests; all if left out. */
  readonly requests?: number;
  readonly host?: string;
  readonly port: number;
}

/**
 * Sends the requests of a recording as a stock client does, each after the reply to the one before. Every reply must
 * have the recorded status; what was read may be something else.
 * @returns how long that took, from the connecting to the last reply, in milliseconds
 */
export async function play({ recording, requests, host, port }: Playing): Promise<number> {
  const exchanges = readTranscript(recording).slice(0, requests);
  const started = performance.now();
  await using client = await TestClient.connect(port, host);
  for (const { request: line, reply } of exchanges) {
    const got = await client.line(line);
    assert.equal(statusOf(got), statusOf(reply), `${line}: ${got}`);
  }
  return performance.now() - started;
}

function statusOf(reply: string): unknown {
  return (JSON.parse(reply) as { readonly status: unknown }).status;
}
