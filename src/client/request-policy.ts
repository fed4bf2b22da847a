// Which requests of a stock client need not wait for the network, and why. docs/acceleration.md has the same table.

import { fits } from '../jsonl/schema.js';
import type { Envelope, MalformedEnvelope } from '../protocol/envelope.js';
import { type ProbeRequestName, requestNamed } from '../protocol/request-names.js';
import { PROTOCOL_VERSION } from '../protocol/session.js';

/**
 * waits: answered with what the server says.
 * posted: answered with status 0 and sent; its error is told with a later request.
 * quiet: the same, and it never tells an earlier error.
 * remembered: answered with what the server has said before, as long as it would say it again.
 */
export type Policy = 'waits' | 'posted' | 'quiet' | 'remembered';

const policies: Readonly<Record<ProbeRequestName, Policy>> = {
  hello: 'posted',
  open: 'waits',
  close: 'waits',
  lock: 'quiet',
  unlock: 'quiet',
  connect: 'waits',
  disconnect: 'waits',
  readprop: 'remembered',
  has_swo: 'waits',
  set_clock: 'posted',
  reset: 'waits',
  assert_reset: 'waits',
  is_reset_asserted: 'waits',
  swj_sequence: 'posted',
  swd_sequence: 'waits',
  jtag_sequence: 'waits',
  read_dp: 'waits',
  write_dp: 'posted',
  read_ap: 'waits',
  write_ap: 'posted',
  read_ap_multiple: 'waits',
  write_ap_multiple: 'posted',
  flush: 'posted',
  get_memory_interface_for_ap: 'waits',
  read_mem: 'waits',
  write_mem: 'posted',
  read_block32: 'waits',
  write_block32: 'posted',
  read_block8: 'waits',
  write_block8: 'posted',
  swo_start: 'waits',
  swo_stop: 'waits',
  swo_read: 'waits',
};

/** The policy of a request, by its name alone. */
export function policyNamed(name: ProbeRequestName): Policy {
  return policies[name];
}

/** Looks at the requests of one client, in order. */
export class RequestPolicy {
  #mayHaveReset = false;

  /** A request that cannot be right waits: whoever made it is told at once, and not somebody later. */
  policyOf(request: Envelope | MalformedEnvelope): Policy {
    const declared = request.malformed === undefined ? requestNamed(request.name) : undefined;
    if (!declared || request.malformed !== undefined || policies[declared.name] === 'waits') return 'waits';
    const { list } = declared.args;
    const isRight = request.args.length === list.length && list.every(({ schema }, i) => fits(schema, request.args[i]));
    if (!isRight || (declared.name === 'hello' && request.args[0] !== PROTOCOL_VERSION)) return 'waits';
    return this.#timed(declared.name, request.args);
  }

  /** A client that resets the target through AIRCR gives it time to start from the `flush` on: that one waits. */
  #timed(name: ProbeRequestName, args: readonly unknown[]): Policy {
    if (name === 'flush' && this.#mayHaveReset) {
      this.#mayHaveReset = false;
      return 'waits';
    }
    if (policies[name] === 'posted' && args.some(hasVectorKey)) this.#mayHaveReset = true;
    return policies[name];
  }
}

/** Armv6-M and Armv7-M ARM, AIRCR: a write counts only with VECTKEY, 0x05fa, in its upper half. */
const VECTKEY = 0x05fa;

/** Where a word is written to is not looked at: to wait without need does no harm. */
function hasVectorKey(argument: unknown): boolean {
  if (Array.isArray(argument)) return argument.some(hasVectorKey);
  return typeof argument === 'number' && argument >>> 16 === VECTKEY;
}
