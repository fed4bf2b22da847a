// Clock, nRESET, and bit sequences on the wire.

import { bitString } from '../../dap/bit-string.js';
import type { SwdSequence } from '../../probe/probe.js';
import {
  setClock,
  reset,
  assertReset,
  isResetAsserted,
  swjSequence,
  swdSequence,
  jtagSequence,
  type SwdPiece,
  type SwdResult,
} from '../../protocol/target.js';
import { isSet } from '../../protocol/schemas.js';
import { answer } from './probe-request.js';

export const targetRequests = [
  answer(setClock, ({ lease, signal }, [frequencyHz]) => lease.setClock(Math.round(frequencyHz), signal)),
  answer(reset, ({ lease, signal }) => lease.reset(signal)),
  answer(assertReset, ({ lease, signal }, [asserted]) => lease.setReset(isSet(asserted), signal)),
  answer(isResetAsserted, ({ lease, signal }) => lease.readReset(signal)),
  // A stock client's line reset is 51 bits of 2^56-1: the cut is part of the protocol.
  answer(swjSequence, ({ lease, signal }, [lengthBits, bits]) =>
    lease.swjSequence(bitString(lengthBits, bits), signal),
  ),
  answer(swdSequence, async ({ lease, signal }, [pieces]): Promise<SwdResult> => {
    const read = await lease.swdSequence(pieces.map(swdSequenceOf), signal);
    return [0, read.map(({ bits }) => bits)];
  }),
  answer(jtagSequence, async ({ lease, signal }, [cycles, tms, readTdo, tdi]) => {
    const sequence = { tms, readTdo: isSet(readTdo), tdi: bitString(cycles, tdi) };
    return (await lease.jtagSequence(sequence, signal))?.bits;
  }),
];

function swdSequenceOf([clocks, bits]: SwdPiece): SwdSequence {
  return bits === undefined
    ? { direction: 'input', lengthBits: clocks }
    : { direction: 'output', sequence: bitString(clocks, bits) };
}
