import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { hostAndPort } from '../base/host-and-port.js';

/** Where a probe is served: one stream for each connection. */
export interface ProbeEndpoint {
  /** For people: "lab:5555". */
  readonly name: string;
  /** @throws Error if nobody answers */
  open(signal: AbortSignal): Promise<Duplex>;
}

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * A dead host is told of before a stock client gives up by itself, after 10 s (pyOCD: ClientSocket.DEFAULT_TIMEOUT). The
 * kernel has asked for the fourth time by then, after 7 s.
 */
const CONNECT_TIMEOUT_MS = 8_000;
/** As the server does it: a peer that has gone without a word is noticed. */
const KEEP_ALIVE_MS = 5_000;

/**
 * A probe on a TCP port: of probed, or of `pyocd server`.
 * @param acknowledgeAtOnce  see `SocketOptions`; called for everything that arrives
 */
export function tcpEndpoint({ host, port }: TcpAddress, acknowledgeAtOnce?: (socket: Socket) => void): ProbeEndpoint {
  return {
    name: hostAndPort(host, port),
    async open(signal) {
      const timeout = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
      // Without Nagle's algorithm: a line that follows another must not wait for the acknowledgement of that.
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
      await connected(socket, AbortSignal.any([signal, timeout]));
      if (acknowledgeAtOnce) socket.on('data', () => acknowledgeAtOnce(socket));
      return socket;
    },
  };
}

async function connected(socket: Socket, signal: AbortSignal): Promise<void> {
  try {
    await once(socket, 'connect', { signal });
  } catch (cause) {
    socket.destroy();
    throw signal.aborted ? new Error('nobody answers', { cause: signal.reason }) : cause;
  }
}
