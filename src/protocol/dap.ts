// Registers of DP and APs.

import { Type } from 'typebox';
import { arg, args } from '../jsonl/request-arguments.js';
import { noResult, result } from '../jsonl/request-table.js';
import { U32 } from '../jsonl/schema.js';
import { probeRequest } from './probe-request.js';
import { AP_ADDRESS, AP_WORDS, DP_ADDRESS, MAX_AP_WORDS, WORDS } from './schemas.js';

export const readDp = probeRequest({
  name: 'read_dp',
  summary: 'Reads a DP register of the bank in SELECT.',
  args: args(arg('address', DP_ADDRESS)),
  result: result(U32),
});

export const writeDp = probeRequest({
  name: 'write_dp',
  summary: 'Writes a DP register of the bank in SELECT.',
  args: args(arg('address', DP_ADDRESS), arg('data', U32)),
  result: noResult,
});

export const readAp = probeRequest({
  name: 'read_ap',
  summary: 'Reads an AP register. Bits 3:2 of the address count, SELECT says the rest.',
  args: args(arg('address', AP_ADDRESS)),
  result: result(U32),
});

export const writeAp = probeRequest({
  name: 'write_ap',
  summary: 'Writes an AP register. Bits 3:2 of the address count, SELECT says the rest.',
  args: args(arg('address', AP_ADDRESS), arg('data', U32)),
  result: noResult,
});

export const readApMultiple = probeRequest({
  name: 'read_ap_multiple',
  summary: 'Reads the same AP register `count` times.',
  args: args(arg('address', AP_ADDRESS), arg('count', Type.Integer({ minimum: 1, maximum: MAX_AP_WORDS }))),
  result: result(WORDS),
});

export const writeApMultiple = probeRequest({
  name: 'write_ap_multiple',
  summary: 'Writes words to the same AP register, in order.',
  args: args(arg('address', AP_ADDRESS), arg('data', AP_WORDS)),
  result: noResult,
});

export const flush = probeRequest({
  name: 'flush',
  summary: 'Answers when every write before it has reached the target, with the error of one that failed.',
  args: args(),
  result: noResult,
});

export const dapRequests = [readDp, writeDp, readAp, writeAp, readApMultiple, writeApMultiple, flush] as const;
