import { once } from 'node:events';
import net from 'node:net';
import { sleep, systemClock } from '../../src/base/clock.js';

const RETRY_MS = 20;

/** Connects to the socket of a program that is just starting, until `signal` aborts. */
export async function connectSoon(socketPath: string, signal: AbortSignal): Promise<net.Socket> {
  for (;;) {
    const socket = net.connect(socketPath);
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      if (signal.aborted) throw new Error(`nobody listens at ${socketPath}`, { cause: error });
      await sleep(systemClock, RETRY_MS, signal);
    }
  }
}
