import type { Socket } from 'node:net';
import { abortsWithin, type Clock } from '../base/clock.js';

/** The pause behind the first knock, which the peer's RST needs to come in; each next one is twice as long, up to the longest. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;

export interface Knocking {
  readonly clock: Clock;
  /** Aborts when the socket is closed. */
  readonly over: AbortSignal;
  /** Whether the peer waits for something that may take long: it is knocked at only then. */
  readonly isWaiting: () => boolean;
  /** Asked after each pause. */
  readonly goesOn: () => boolean;
}

/**
 * Finds out whether a peer that sends no more, or is not read from, is there at all; TCP does not tell. It is sent what means
 * nothing between two lines, a space (RFC 8259, section 2): one that is gone answers with RST (RFC 9293, 3.10.7.1),
 * as forwarders do whose own peer is gone, and the next write finds that. Then the socket is closed.
 */
export async function knock(socket: Socket, { clock, over, isWaiting, goesOn }: Knocking): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  do {
    // What is on its way already does it as well.
    if (isWaiting() && socket.writable && socket.writableLength === 0) socket.write(' ');
    if (await abortsWithin(over, pauseMs, clock)) return;
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  } while (goesOn());
}
