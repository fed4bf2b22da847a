// What can go wrong on the wire between probe and target.

import { DaemonError } from '../base/errors.js';
import type { AccessName } from './ack.js';

/** The wire failed: no ACK, bad parity, protocol error. */
export class TransferError extends DaemonError {
  readonly kind: 'transfer' | 'transfer-timeout' | 'transfer-fault' = 'transfer';

  constructor(
    message: string,
    readonly access?: AccessName,
    options?: ErrorOptions,
  ) {
    super(access ? `${message} (${access.port} 0x${access.address.toString(16).padStart(8, '0')})` : message, options);
  }
}

/** Nobody answered. In SWD the debug port listens to nothing but a line reset from now on (IHI 0031 B4.2.5). */
export class NoAckError extends TransferError {
  constructor(
    access?: AccessName,
    options?: ErrorOptions,
    message = 'no ACK from the target: check power, cable and clock',
  ) {
    super(message, access, options);
  }
}

/** What came is none of the three ACKs: probe and target have lost each other, and it was nobody's answer. */
export class GarbledAckError extends NoAckError {
  constructor(ack: number, access?: AccessName, options?: ErrorOptions) {
    super(access, options, `unexpected ACK ${ack} from the target`);
  }
}

/** The target answered WAIT until the probe's retries were used up. The client decides whether to write DAPABORT. */
export class TransferTimeoutError extends TransferError {
  override readonly kind = 'transfer-timeout';

  constructor(access?: AccessName, options?: ErrorOptions) {
    super('the target keeps answering WAIT', access, options);
  }
}

/** The target answered FAULT: a sticky error flag is set, or was at that moment. */
export class TransferFaultError extends TransferError {
  override readonly kind = 'transfer-fault';

  constructor(access?: AccessName, options?: ErrorOptions) {
    super('the target answered FAULT', access, options);
  }
}
