// Memory through a handle. Off by default: stock clients have a defect that makes them fail in `loadmem` with one.

import { RequestError } from '../../base/errors.js';
import { hex32 } from '../../base/hex.js';
import {
  getMemoryInterfaceForAp,
  readMem,
  writeMem,
  readBlock32,
  writeBlock32,
  readBlock8,
  writeBlock8,
} from '../../protocol/memory.js';
import { answer } from './probe-request.js';

const WORD_BYTES = 4;

export const memoryRequests = [
  answer(getMemoryInterfaceForAp, ({ lease, signal }, [version, address]) =>
    lease.memoryHandle(version, address, signal),
  ),
  answer(readMem, ({ lease, signal }, [handle, address, sizeBits]) => {
    checkRange(address, 1, sizeBits / 8);
    return lease.memory(handle).read(address, sizeBits, signal);
  }),
  answer(writeMem, ({ lease, signal }, [handle, address, value, sizeBits]) => {
    checkRange(address, 1, sizeBits / 8);
    if (value >= 2 ** sizeBits) throw new RequestError(`value 0x${hex32(value)} has more than ${sizeBits} bits`);
    return lease.memory(handle).write(address, value, sizeBits, signal);
  }),
  answer(readBlock32, ({ lease, signal }, [handle, address, count]) => {
    checkRange(address, count, WORD_BYTES);
    const memory = lease.memory(handle);
    return count === 0 ? [] : memory.readWords(address, count, signal);
  }),
  answer(writeBlock32, ({ lease, signal }, [handle, address, data]) => {
    checkRange(address, data.length, WORD_BYTES);
    const memory = lease.memory(handle);
    return data.length === 0 ? undefined : memory.writeWords(address, Uint32Array.from(data), signal);
  }),
  answer(readBlock8, ({ lease, signal }, [handle, address, count]) => {
    checkRange(address, count, 1);
    const memory = lease.memory(handle);
    return count === 0 ? [] : memory.readBytes(address, count, signal);
  }),
  answer(writeBlock8, ({ lease, signal }, [handle, address, data]) => {
    checkRange(address, data.length, 1);
    const memory = lease.memory(handle);
    return data.length === 0 ? undefined : memory.writeBytes(address, Uint8Array.from(data), signal);
  }),
];

/** `MemoryPort` wants addresses aligned to the access, and nothing wraps around at the end of the address space. */
function checkRange(address: number, count: number, itemBytes: number): void {
  if (address % itemBytes !== 0) {
    throw new RequestError(`address 0x${hex32(address)} is not aligned to ${itemBytes * 8} bits`);
  }
  if (address + count * itemBytes > 2 ** 32) {
    throw new RequestError(`${count * itemBytes} bytes from 0x${hex32(address)} reach past 0xffffffff`);
  }
}
