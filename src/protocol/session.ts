// Who talks to whom: greeting, opening, connecting, the lock.

import { Type } from 'typebox';
import { arg, args } from '../jsonl/request-arguments.js';
import { noResult } from '../jsonl/request-table.js';
import { probeRequest } from './probe-request.js';
import { PROTOCOL } from './schemas.js';

/** pyOCD: DebugProbeRequestHandler.PROTOCOL_VERSION. */
export const PROTOCOL_VERSION = 1;

export const hello = probeRequest({
  name: 'hello',
  summary: 'Checks that both sides speak version 1 of the protocol. Not required.',
  args: args(arg('version', Type.Number())),
  result: noResult,
});

export const open = probeRequest({
  name: 'open',
  summary: 'Opens the probe for this client. Counts: take it back with as many `close`.',
  args: args(),
  result: noResult,
});

export const close = probeRequest({
  name: 'close',
  summary: 'Takes back one `open`; the last one gives back the lock, too. Without one it does nothing.',
  args: args(),
  result: noResult,
});

export const lock = probeRequest({
  name: 'lock',
  summary:
    "Waits for the probe's lock and takes it. Recursive: `unlock` it as often. It ends when the probe is unplugged.",
  args: args(),
  result: noResult,
});

export const unlock = probeRequest({
  name: 'unlock',
  summary: 'Takes back one `lock`; without one it does nothing.',
  args: args(),
  result: noResult,
});

export const connect = probeRequest({
  name: 'connect',
  summary: 'Connects to the target; status 3 if it is connected with another protocol.',
  args: args(arg('protocol', PROTOCOL)),
  result: noResult,
});

export const disconnect = probeRequest({
  name: 'disconnect',
  summary: "Ends this client's interest in the connection; the last client to do so disconnects the target.",
  args: args(),
  result: noResult,
});

export const sessionRequests = [hello, open, close, lock, unlock, connect, disconnect] as const;
