// Memory through a handle. Off by default: stock clients have a defect that makes them fail in `loadmem` with one.

import { Type } from 'typebox';
import { RequestError } from '../../base/errors.js';
import { hex32 } from '../../base/hex.js';
import { arg, args } from '../../jsonl/request-arguments.js';
import { noResult, optionalResult, result } from '../../jsonl/request-table.js';
import { oneOf, U32 } from '../../jsonl/schema.js';
import { probeRequest } from './probe-request.js';
import { BYTES, MAX_MEMORY_BYTES, MEMORY_BYTES, MEMORY_WORDS, WORDS } from './schemas.js';

const HANDLE = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const SIZE_BITS = oneOf(8, 16, 32);
const WORD_BYTES = 4;

const getMemoryInterfaceForAp = probeRequest({
  name: 'get_memory_interface_for_ap',
  summary: 'Asks for a memory handle; no result: there is none, use AP registers. APSEL or base address by version.',
  args: args(
    arg('ap_version', oneOf(1, 2)),
    arg('nominal_address', Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  ),
  result: optionalResult(HANDLE),
  run: ({ lease, signal }, [version, address]) => lease.memoryHandle(version, address, signal),
});

const readMem = probeRequest({
  name: 'read_mem',
  summary: 'Reads memory in one access of 8, 16 or 32 bits.',
  args: args(arg('handle', HANDLE), arg('address', U32), arg('size', SIZE_BITS)),
  result: result(U32),
  run: ({ lease, signal }, [handle, address, sizeBits]) => {
    checkRange(address, 1, sizeBits / 8);
    return lease.memory(handle).read(address, sizeBits, signal);
  },
});

const writeMem = probeRequest({
  name: 'write_mem',
  summary: 'Writes memory in one access of 8, 16 or 32 bits. The value comes before the size.',
  args: args(arg('handle', HANDLE), arg('address', U32), arg('value', U32), arg('size', SIZE_BITS)),
  result: noResult,
  run: ({ lease, signal }, [handle, address, value, sizeBits]) => {
    checkRange(address, 1, sizeBits / 8);
    if (value >= 2 ** sizeBits) throw new RequestError(`value 0x${hex32(value)} has more than ${sizeBits} bits`);
    return lease.memory(handle).write(address, value, sizeBits, signal);
  },
});

const readBlock32 = probeRequest({
  name: 'read_block32',
  summary: 'Reads words of memory.',
  args: args(
    arg('handle', HANDLE),
    arg('address', U32),
    arg('word_count', Type.Integer({ minimum: 0, maximum: MAX_MEMORY_BYTES / WORD_BYTES })),
  ),
  result: result(WORDS),
  run: ({ lease, signal }, [handle, address, count]) => {
    checkRange(address, count, WORD_BYTES);
    const memory = lease.memory(handle);
    return count === 0 ? [] : memory.readWords(address, count, signal);
  },
});

const writeBlock32 = probeRequest({
  name: 'write_block32',
  summary: 'Writes words of memory.',
  args: args(arg('handle', HANDLE), arg('address', U32), arg('data', MEMORY_WORDS)),
  result: noResult,
  run: ({ lease, signal }, [handle, address, data]) => {
    checkRange(address, data.length, WORD_BYTES);
    const memory = lease.memory(handle);
    return data.length === 0 ? undefined : memory.writeWords(address, Uint32Array.from(data), signal);
  },
});

const readBlock8 = probeRequest({
  name: 'read_block8',
  summary: 'Reads bytes of memory.',
  args: args(
    arg('handle', HANDLE),
    arg('address', U32),
    arg('byte_count', Type.Integer({ minimum: 0, maximum: MAX_MEMORY_BYTES })),
  ),
  result: result(BYTES),
  run: ({ lease, signal }, [handle, address, count]) => {
    checkRange(address, count, 1);
    const memory = lease.memory(handle);
    return count === 0 ? [] : memory.readBytes(address, count, signal);
  },
});

const writeBlock8 = probeRequest({
  name: 'write_block8',
  summary: 'Writes bytes of memory.',
  args: args(arg('handle', HANDLE), arg('address', U32), arg('data', MEMORY_BYTES)),
  result: noResult,
  run: ({ lease, signal }, [handle, address, data]) => {
    checkRange(address, data.length, 1);
    const memory = lease.memory(handle);
    return data.length === 0 ? undefined : memory.writeBytes(address, Uint8Array.from(data), signal);
  },
});

/** `MemoryPort` wants addresses aligned to the access, and nothing wraps around at the end of the address space. */
function checkRange(address: number, count: number, itemBytes: number): void {
  if (address % itemBytes !== 0) {
    throw new RequestError(`address 0x${hex32(address)} is not aligned to ${itemBytes * 8} bits`);
  }
  if (address + count * itemBytes > 2 ** 32) {
    throw new RequestError(`${count * itemBytes} bytes from 0x${hex32(address)} reach past 0xffffffff`);
  }
}

export const memoryRequests = [
  getMemoryInterfaceForAp,
  readMem,
  writeMem,
  readBlock32,
  writeBlock32,
  readBlock8,
  writeBlock8,
];
