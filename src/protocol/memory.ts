// Memory through a handle.

import { Type } from 'typebox';
import { arg, args } from '../jsonl/request-arguments.js';
import { noResult, optionalResult, result } from '../jsonl/request-table.js';
import { oneOf, U32 } from '../jsonl/schema.js';
import { probeRequest } from './probe-request.js';
import { BYTES, MAX_MEMORY_BYTES, MEMORY_BYTES, MEMORY_WORDS, WORDS } from './schemas.js';

const HANDLE = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const SIZE_BITS = oneOf(8, 16, 32);
const WORD_BYTES = 4;

export const getMemoryInterfaceForAp = probeRequest({
  name: 'get_memory_interface_for_ap',
  summary: 'Asks for a memory handle; no result: there is none, use AP registers. APSEL or base address by version.',
  args: args(
    arg('ap_version', oneOf(1, 2)),
    arg('nominal_address', Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  ),
  result: optionalResult(HANDLE),
});

export const readMem = probeRequest({
  name: 'read_mem',
  summary: 'Reads memory in one access of 8, 16 or 32 bits.',
  args: args(arg('handle', HANDLE), arg('address', U32), arg('size', SIZE_BITS)),
  result: result(U32),
});

export const writeMem = probeRequest({
  name: 'write_mem',
  summary: 'Writes memory in one access of 8, 16 or 32 bits. The value comes before the size.',
  args: args(arg('handle', HANDLE), arg('address', U32), arg('value', U32), arg('size', SIZE_BITS)),
  result: noResult,
});

export const readBlock32 = probeRequest({
  name: 'read_block32',
  summary: 'Reads words of memory.',
  args: args(
    arg('handle', HANDLE),
    arg('address', U32),
    arg('word_count', Type.Integer({ minimum: 0, maximum: MAX_MEMORY_BYTES / WORD_BYTES })),
  ),
  result: result(WORDS),
});

export const writeBlock32 = probeRequest({
  name: 'write_block32',
  summary: 'Writes words of memory.',
  args: args(arg('handle', HANDLE), arg('address', U32), arg('data', MEMORY_WORDS)),
  result: noResult,
});

export const readBlock8 = probeRequest({
  name: 'read_block8',
  summary: 'Reads bytes of memory.',
  args: args(
    arg('handle', HANDLE),
    arg('address', U32),
    arg('byte_count', Type.Integer({ minimum: 0, maximum: MAX_MEMORY_BYTES })),
  ),
  result: result(BYTES),
});

export const writeBlock8 = probeRequest({
  name: 'write_block8',
  summary: 'Writes bytes of memory.',
  args: args(arg('handle', HANDLE), arg('address', U32), arg('data', MEMORY_BYTES)),
  result: noResult,
});

export const memoryRequests = [
  getMemoryInterfaceForAp,
  readMem,
  writeMem,
  readBlock32,
  writeBlock32,
  readBlock8,
  writeBlock8,
] as const;
