// The socket options Node has no call for, set through the C library's setsockopt. A server's are set on its listening
// socket: accepted sockets inherit them, so that there is no moment without.

import type { Server, Socket } from 'node:net';
import { arch, platform } from 'node:os';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { socketFd } from './socket-fd.js';

export interface SocketOptions {
  /**
   * From now on the kernel closes the server's connections with RST instead of FIN, also when it is the process that
   * ends: a stock pyOCD client spins for ever on FIN, and stops on RST. What is not sent by then is lost.
   */
  resetOnClose(server: Server): void;
  /** Takes `resetOnClose` back for one connection, so that closing it delivers everything that was written. */
  closeGracefully(socket: Socket): void;
  /** Ends a connection, or those of a server, whose peer has not acknowledged anything for so long. Linux only. */
  limitUnacknowledged(of: Server | Socket, timeoutMs: number): void;
  /**
   * Acknowledges what has arrived now, and not up to 40 ms later: a peer with Nagle's algorithm on, such as `pyocd server`,
   * holds its next small reply back until then. The kernel leaves the mode by itself (tcp(7)): call it again. Linux only.
   */
  acknowledgeAtOnce(socket: Socket): void;
}

/** For platforms without them: connections close with FIN. */
export const noSocketOptions: SocketOptions = {
  resetOnClose: () => undefined,
  closeGracefully: () => undefined,
  limitUnacknowledged: () => undefined,
  acknowledgeAtOnce: () => undefined,
};

/** Numbers of the C headers. TCP_USER_TIMEOUT (RFC 5482, tcp(7)) is in milliseconds; macOS has none. */
interface Constants {
  readonly SOL_SOCKET: number;
  readonly SO_LINGER: number;
  readonly IPPROTO_TCP: number;
  readonly TCP_USER_TIMEOUT?: number;
  readonly TCP_QUICKACK?: number;
}

/** asm-generic/socket.h and bsd/sys/socket.h. MIPS numbers differ from the rest of Linux; Node builds on it are not ours. */
function constantsOf(system: string, machine: string): Constants | undefined {
  if (system === 'linux' && !machine.startsWith('mips')) {
    return { SOL_SOCKET: 1, SO_LINGER: 13, IPPROTO_TCP: 6, TCP_USER_TIMEOUT: 18, TCP_QUICKACK: 12 };
  }
  if (system === 'darwin') return { SOL_SOCKET: 0xffff, SO_LINGER: 0x80, IPPROTO_TCP: 6 };
  return undefined;
}

/** What TCP does without: keepalive gives up after ten tries a second apart, retransmission after a quarter of an hour. */
const LATE = 'clients whose machine vanishes are noticed late';

/**
 * Loads koffi, which is an optional dependency. Where it is missing, or the platform is unknown, one line says what is
 * lost and `noSocketOptions` stands in.
 */
export async function loadSocketOptions(log: Logger): Promise<SocketOptions> {
  const constants = constantsOf(platform(), arch());
  try {
    if (!constants) throw new Error(`unknown platform ${platform()}`);
    const options = nativeSocketOptions(constants, await loadSetsockopt(), log);
    if (constants.TCP_USER_TIMEOUT === undefined) log.warn(`no TCP_USER_TIMEOUT on this system: ${LATE}`);
    return options;
  } catch (error) {
    log.warn(`no native socket options: clients will hang if the daemon is killed, and ${LATE}`, {
      reason: describeError(error),
    });
    return noSocketOptions;
  }
}

/** Returns 0, or -1. */
type Setsockopt = (fd: number, level: number, name: number, value: Uint8Array, sizeBytes: number) => number;

async function loadSetsockopt(): Promise<Setsockopt> {
  const { default: koffi } = await import('koffi');
  const native = koffi.load(null).func('int setsockopt(int, int, int, const void *, unsigned int)');
  return (fd, level, name, value, sizeBytes) => Number(native(fd, level, name, value, sizeBytes));
}

function nativeSocketOptions(constants: Constants, setsockopt: Setsockopt, log: Logger): SocketOptions {
  const set = (of: Server | Socket, level: number, name: number, words: readonly number[]): void => {
    const fd = socketFd(of);
    if (fd === undefined) return; // closed already
    const value = new Uint8Array(Int32Array.from(words).buffer);
    if (setsockopt(fd, level, name, value, value.length) !== 0) log.warn('setsockopt failed', { level, name });
  };
  const { SOL_SOCKET, SO_LINGER, IPPROTO_TCP, TCP_USER_TIMEOUT, TCP_QUICKACK } = constants;
  return {
    // struct linger { int l_onoff; int l_linger; }
    resetOnClose: (server) => set(server, SOL_SOCKET, SO_LINGER, [1, 0]),
    closeGracefully: (socket) => set(socket, SOL_SOCKET, SO_LINGER, [0, 0]),
    limitUnacknowledged: (of, timeoutMs) => {
      if (TCP_USER_TIMEOUT !== undefined) set(of, IPPROTO_TCP, TCP_USER_TIMEOUT, [timeoutMs]);
    },
    acknowledgeAtOnce: (socket) => {
      if (TCP_QUICKACK !== undefined) set(socket, IPPROTO_TCP, TCP_QUICKACK, [1]);
    },
  };
}
