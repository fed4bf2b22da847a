// What a client may ask of the probe.

import { Type } from 'typebox';
import { arg, args } from '../jsonl/request-arguments.js';
import { optionalResult, result } from '../jsonl/request-table.js';
import { probeRequest } from './probe-request.js';

const PROPERTY = Type.Unsafe<string | readonly string[]>({
  anyOf: [Type.String(), Type.Array(Type.String())],
  description: 'a string or a list of strings',
});

export const readProp = probeRequest({
  name: 'readprop',
  summary:
    'Reads `vendor_name`, `product_name`, `supported_wire_protocols`, `wire_protocol` (no result while not connected) or `capabilities`.',
  args: args(arg('name', Type.String())),
  result: optionalResult(PROPERTY),
});

export const hasSwo = probeRequest({
  name: 'has_swo',
  summary: 'Says whether the probe can capture SWO.',
  args: args(),
  result: result(Type.Boolean()),
});

export const propertyRequests = [readProp, hasSwo] as const;
