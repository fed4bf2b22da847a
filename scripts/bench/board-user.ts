// A client that uses a board as a debugger does, and stays.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { connected, request } from './workloads.js';

/** DHCSR and its S_HALT (Armv6-M manual, "Debug Halting Control and Status Register"); a run without halting debug. */
const DHCSR = 0xe000edf0;
const S_HALT = 1 << 17;
const S_RETIRE_ST = 1 << 24;
const DEBUG_OFF = 0xa05f0000;

/** Disposed, it closes its connection, and waits for its end. */
interface BoardUser extends AsyncDisposable {
  /** @returns the result of a request */
  ask(line: string): Promise<unknown>;
}

/** Connects, reads some memory, and lets the core run. */
export async function useBoard(port: number): Promise<AsyncDisposable> {
  const user = await connectedClient(port);
  await user.ask(request('write_ap', 4, 0x20000000));
  await user.ask(request('read_ap_multiple', 12, 256));
  await user.ask(request('write_ap', 4, DHCSR));
  await user.ask(request('write_ap', 12, DEBUG_OFF));
  await user.ask(request('write_ap', 4, DHCSR));
  const status = Number(await user.ask(request('read_ap', 12)));
  assert.equal(status & S_HALT, 0, 'the core is halted');
  assert.notEqual(status & S_RETIRE_ST, 0, 'the core executes nothing');
  return user;
}

/** Connects and powers up the target, and does nothing more. */
export async function connectedClient(port: number): Promise<BoardUser> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  await once(socket, 'connect');
  const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<unknown> => {
    socket.write(`${line}\n`);
    const reply = JSON.parse(String((await replies.next()).value)) as { status: number; result?: unknown };
    assert.equal(reply.status, 0, line);
    return reply.result;
  };

  for (const line of connected) await ask(line);
  return {
    ask,
    async [Symbol.asyncDispose]() {
      const closed = once(socket, 'close');
      socket.end();
      await closed;
    },
  };
}
