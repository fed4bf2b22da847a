import { CommandId, statusCommand, type FixedReplyCommand } from './command.js';

/** How the probe runs transfers by itself. */
export interface TransferConfiguration {
  /** Clocks after each transfer, 0 … 255. */
  readonly idleCycles: number;
  /** How often a transfer answered with WAIT is repeated, 0 … 65535. */
  readonly waitRetries: number;
}

/** DAP_TransferConfigure. Value matching is not used here, so its retries are 0. */
export function transferConfigure({ idleCycles, waitRetries }: TransferConfiguration): FixedReplyCommand<void> {
  return statusCommand(
    CommandId.TransferConfigure,
    'DAP_TransferConfigure',
    Uint8Array.of(idleCycles, waitRetries & 0xff, waitRetries >>> 8, 0, 0),
  );
}
