// A probe's turn, taken before the program that it is for is started.

import type { Duplex } from 'node:stream';
import { RequestError } from '../../base/errors.js';
import type { ProbeEndpoint } from '../../client/endpoint.js';
import { ProbeGoneError, RefusedError, replyError } from '../../client/errors.js';
import { readReply } from '../../client/request-stream.js';
import { askOnce } from './ask-once.js';

export type Opened =
  | { readonly turn: Duplex }
  | {
      readonly turn?: undefined;
      /** What the server says. */
      readonly refusal: string;
      /** The probe is not there. */
      readonly isGone: boolean;
    };

const OPEN = '{"id": 0, "request": "open"}';

/**
 * Connects to a probe and opens it, or hears why not. In a queue, that takes its time.
 * @throws ReplyError  for what does not pass by waiting
 * @throws Error       if the connection fails
 */
export async function openTurn(endpoint: ProbeEndpoint, signal: AbortSignal): Promise<Opened> {
  const stream = await endpoint.open(signal);
  const reply = readReply(Buffer.from(await ask(stream, endpoint.name, signal)));
  if (reply?.status === 0) {
    stream.on('error', () => undefined); // until somebody else has it, who sees that it is closed
    return { turn: stream };
  }
  stream.destroy();
  const error = replyError('open', reply?.status ?? -1, String(reply?.error));
  if (!(error instanceof RefusedError || error instanceof ProbeGoneError)) throw error;
  return { refusal: String(reply?.error), isGone: error instanceof ProbeGoneError };
}

async function ask(stream: Duplex, name: string, signal: AbortSignal): Promise<string> {
  try {
    return await askOnce(stream, OPEN, signal);
  } catch (cause) {
    throw new RequestError(`the connection to ${name} was lost while we waited`, { cause });
  }
}

/**
 * Gives the first client the connection that has its turn, and connects others anew.
 * @param turn  closed when this is disposed of and nobody has come for it
 */
export function endpointWithTurn(endpoint: ProbeEndpoint, turn: Duplex | undefined): ProbeEndpoint & Disposable {
  let left = turn;
  const take = (): Duplex | undefined => {
    const taken = left;
    left = undefined;
    return taken;
  };
  return {
    name: endpoint.name,
    async open(signal) {
      const taken = take();
      const isUsable = taken !== undefined && !taken.destroyed && taken.readable;
      return isUsable ? taken : await endpoint.open(signal);
    },
    [Symbol.dispose]: () => take()?.destroy(),
  };
}
