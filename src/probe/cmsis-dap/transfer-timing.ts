/** A transfer takes 46 clocks in SWD, about 60 in JTAG when the instruction changes, and idle cycles. */
const CLOCKS_PER_TRANSFER = 80;
/** How often transfers are repeated after WAIT on average, in the worst case we put up with. */
const MEAN_TRIES = 8;
const BASE_TIMEOUT_MS = 2000;

export interface TransferTiming {
  readonly frequencyHz: number;
  readonly waitRetries: number;
}

/**
 * How long a packet may take: the probe answers only when all of its transfers are done. At 10 kHz a block of 127 words
 * is on the wire for a second, and one transfer may use up all its retries.
 */
export function transferTimeoutMs(transfers: number, { frequencyHz, waitRetries }: TransferTiming): number {
  const clocks = (transfers * MEAN_TRIES + waitRetries) * CLOCKS_PER_TRANSFER;
  return BASE_TIMEOUT_MS + Math.ceil((clocks * 1000) / frequencyHz);
}
