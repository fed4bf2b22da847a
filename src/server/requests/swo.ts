// Serial wire output.

import { swoStart, swoStop, swoRead } from '../../protocol/swo.js';
import { answer } from './probe-request.js';

export const swoRequests = [
  answer(swoStart, ({ lease, signal }, [baudRate]) => lease.swoStart(Math.round(baudRate), signal)),
  answer(swoStop, ({ lease, signal }) => lease.swoStop(signal)),
  answer(swoRead, ({ lease, signal }) => lease.swoRead(signal)),
];
