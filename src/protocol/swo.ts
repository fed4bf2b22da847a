// Serial wire output.

import { Type } from 'typebox';
import { arg, args } from '../jsonl/request-arguments.js';
import { noResult, result } from '../jsonl/request-table.js';
import { probeRequest } from './probe-request.js';
import { BYTES } from './schemas.js';

export const swoStart = probeRequest({
  name: 'swo_start',
  summary: 'Starts capturing SWO as UART at a baud rate, fractions rounded.',
  args: args(arg('baudrate', Type.Number({ minimum: 1, maximum: 0xffff_ffff }))),
  result: noResult,
});

export const swoStop = probeRequest({
  name: 'swo_stop',
  summary: 'Stops capturing SWO.',
  args: args(),
  result: noResult,
});

export const swoRead = probeRequest({
  name: 'swo_read',
  summary: 'Gives the SWO bytes captured since the last read, possibly none.',
  args: args(),
  result: result(BYTES),
});

export const swoRequests = [swoStart, swoStop, swoRead] as const;
