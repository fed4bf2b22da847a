import type { TransferError } from './errors.js';
import { GarbledAckError, NoAckError, TransferFaultError, TransferTimeoutError } from './errors.js';

/**
 * The three ACK bits of an SWD packet, as CMSIS-DAP reports them for both wire protocols (IHI 0031 B4.2;
 * CMSIS-DAP 2.1.2, DAP_Transfer: bits 2:0 of Transfer Response).
 */
export const Ack = { Ok: 1, Wait: 2, Fault: 4, None: 7 } as const;

/** One DP or AP access that has failed. */
export interface AccessName {
  readonly port: 'DP' | 'AP';
  /** A `DpAddress` or an `ApAddress`. */
  readonly address: number;
  /** Where it was not even taken: its place, as `PostingDapPort.posted` counts. What came before it was executed. */
  readonly refusedAt?: number;
}

/**
 * Turns an ACK other than OK into the error a client can act on.
 *
 * @param ack     bits 2:0 of the transfer response
 * @param access  the access that was refused, where it is known
 */
export function ackError(ack: number, access?: AccessName): TransferError {
  switch (ack) {
    case Ack.Wait:
      // The probe has already repeated the transfer, so a WAIT that reaches us is final.
      return new TransferTimeoutError(access);
    case Ack.Fault:
      return new TransferFaultError(access);
    case Ack.None:
      return new NoAckError(access);
    default:
      return new GarbledAckError(ack, access);
  }
}
