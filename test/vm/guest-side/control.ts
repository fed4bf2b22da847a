// One command for the daemon in the guest, over its control socket (docs/control-protocol.md).

import { once } from 'node:events';
import net from 'node:net';
import type { Operations } from './agent.js';

const END = '\f';
const ANSWER_TIMEOUT_MS = 10_000;

interface Reply {
  readonly data: { readonly result?: unknown; readonly error?: { readonly message: string } };
}

async function control(args: { socket: string; command: string; arguments?: object }): Promise<unknown> {
  const { socket: path, command, arguments: given } = args;
  const socket = net.connect(path);
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error(`"${command}" was not answered`)));
  await once(socket, 'connect');
  const data = { protocol: 1, id: 0, command, ...(given && { arguments: given }) };
  socket.write(JSON.stringify({ type: 'request', data }) + END);
  let received = '';
  for await (const chunk of socket.setEncoding('utf8')) {
    received += String(chunk);
    if (received.includes(END)) break;
  }
  const { error, result } = (JSON.parse(received.split(END)[0]) as Reply).data;
  if (error) throw new Error(`${command}: ${error.message}`);
  return result;
}

export const operations: Operations = { control };
