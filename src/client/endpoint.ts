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
/** As the server does it: a peer that has gone without a word is noticed, after this and ten probes, a second apart. */
const KEEP_ALIVE_MS = 5_000;
/** So is one that does not acknowledge what it is sent. */
const UNACKNOWLEDGED_MS = 15_000;

/** What the system can do beyond Node: see `SocketOptions`. */
export interface EndpointSystem {
  /** Called for everything that arrives. */
  readonly acknowledgeAtOnce: (socket: Socket) => void;
  /** Without it, a request on its way to a host that has gone waits for as long as TCP repeats it: a quarter of an hour. */
  readonly limitUnacknowledged: (socket: Socket, timeoutMs: number) => void;
}

/** A probe on a TCP port: of probed, or of `pyocd server`. */
export function tcpEndpoint({ host, port }: TcpAddress, system?: EndpointSystem): ProbeEndpoint {
  return {
    name: hostAndPort(host, port),
    async open(signal) {
      const timeout = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
      // Without Nagle's algorithm: a line that follows another must not wait for the acknowledgement of that.
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
      await connected(socket, AbortSignal.any([signal, timeout]));
      system?.limitUnacknowledged(socket, UNACKNOWLEDGED_MS);
      if (system) socket.on('data', () => system.acknowledgeAtOnce(socket));
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
