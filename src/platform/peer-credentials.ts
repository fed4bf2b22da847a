// Which user is at the other end of a unix socket: the kernel has noted it when that end connected.

import type { Socket } from 'node:net';
import { arch, endianness, platform } from 'node:os';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { socketFd } from './socket-fd.js';

/** The user id of a unix socket's other end; undefined where the system does not tell. */
export type PeerUid = (socket: Socket) => number | undefined;

/** A socket option whose value has the user id in it, as a 32-bit word. */
interface Option {
  readonly level: number;
  readonly name: number;
  readonly sizeBytes: number;
  readonly uidAt: number;
}

/**
 * Linux: SO_PEERCRED of unix(7) gives struct ucred { pid, uid, gid }; PowerPC has a number of its own for it.
 * macOS: LOCAL_PEERCRED of unix(4) gives struct xucred { version, uid, 16 groups and their count }; untried.
 */
function optionOf(system: string, machine: string): Option | undefined {
  if (system === 'linux' && !machine.startsWith('mips')) {
    return { level: 1, name: machine.startsWith('ppc') ? 21 : 17, sizeBytes: 12, uidAt: 4 };
  }
  if (system === 'darwin') return { level: 0, name: 1, sizeBytes: 76, uidAt: 4 };
  return undefined;
}

/** Loads koffi, which is an optional dependency. Without it nobody is known, and one line says so. */
export async function loadPeerUid(log: Logger): Promise<PeerUid> {
  const option = optionOf(platform(), arch());
  try {
    if (!option) throw new Error(`unknown platform ${platform()}`);
    return peerUid(option, await loadGetsockopt());
  } catch (error) {
    log.warn('probectl users are not known: reserving a probe takes --as', { reason: describeError(error) });
    return () => undefined;
  }
}

/** Returns 0, or -1. */
type Getsockopt = (fd: number, level: number, name: number, value: Uint8Array, sizeBytes: Uint32Array) => number;

async function loadGetsockopt(): Promise<Getsockopt> {
  const { default: koffi } = await import('koffi');
  const native = koffi.load(null).func('int getsockopt(int, int, int, void *, void *)');
  return (fd, level, name, value, sizeBytes) => Number(native(fd, level, name, value, sizeBytes));
}

function peerUid({ level, name, sizeBytes, uidAt }: Option, getsockopt: Getsockopt): PeerUid {
  return (socket) => {
    const fd = socketFd(socket);
    if (fd === undefined) return undefined; // closed already
    const value = new Uint8Array(sizeBytes);
    if (getsockopt(fd, level, name, value, Uint32Array.of(sizeBytes)) !== 0) return undefined;
    const littleEndian = endianness() === 'LE';
    return new DataView(value.buffer).getUint32(uidAt, littleEndian);
  };
}
