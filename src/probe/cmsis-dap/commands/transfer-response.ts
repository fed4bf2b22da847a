import { ackError, Ack, type AccessName } from '../../../dap/ack.js';
import { TransferError } from '../../../dap/errors.js';
import { ProbeError } from '../../errors.js';
import { MalformedReplyError } from './command.js';

const ACK_MASK = 0x07;
const PROTOCOL_ERROR = 0x08;

export interface TransferOutcome {
  /** Transfers asked for, and executed. */
  readonly requested: number;
  readonly executed: number;
  /** Transfer Response. */
  readonly response: number;
}

/** Bits of a Transfer Request. */
export const TransferRequest = { Ap: 0x01, Read: 0x02, AddressMask: 0x0c } as const;

/**
 * What a DAP_Transfer or DAP_TransferBlock came to; returns if everything was executed and acknowledged.
 *
 * @param accessAt  names the access at an index, for the error. A write is found to have failed with the access after
 *                  it, or after the last one, when the probe reads RDBUFF: then the count includes it
 * @throws TransferError and its subclasses; ProbeError where the probe contradicts itself
 */
export function requireTransferred(outcome: TransferOutcome, accessAt: (index: number) => AccessName): void {
  const { requested, executed, response } = outcome;
  if (response === Ack.Ok && executed === requested) return;

  if (executed > requested) {
    throw new MalformedReplyError(`the probe claims to have executed ${executed} of ${requested} transfers`);
  }
  const access = accessAt(Math.min(executed, requested - 1));
  if (response & PROTOCOL_ERROR) {
    throw new TransferError('SWD protocol error: check power, cable and clock', access);
  }
  if ((response & ACK_MASK) !== Ack.Ok) throw ackError(response & ACK_MASK, access);
  // Some firmware stops early and says OK. Which transfers it left out is anybody's guess, so we do not make one.
  throw new ProbeError(`the probe executed ${executed} of ${requested} transfers, and reports no error`);
}
