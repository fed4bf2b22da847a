// What a client may ask of the probe: the properties stock pyOCD reads, and no other.

import { Type } from 'typebox';
import { RequestError } from '../../base/errors.js';
import { arg, args } from '../../jsonl/request-arguments.js';
import { optionalResult, result } from '../../jsonl/request-table.js';
import type { ClientLease, ProbeAbilities } from '../../sharing/client-lease.js';
import { probeRequest } from './probe-request.js';

type PropertyReader = (lease: ClientLease) => string | readonly string[] | undefined;

const properties: ReadonlyMap<string, PropertyReader> = new Map<string, PropertyReader>([
  ['vendor_name', (lease) => lease.vendorName],
  ['product_name', (lease) => lease.productName],
  ['supported_wire_protocols', (lease) => ['DEFAULT', ...lease.wireProtocols]],
  ['wire_protocol', (lease) => lease.wireProtocol],
  ['capabilities', (lease) => capabilitiesOf(lease.abilities)],
]);

const PROPERTY = Type.Unsafe<string | readonly string[]>({
  anyOf: [Type.String(), Type.Array(Type.String())],
  description: 'a string or a list of strings',
});

/** How much of a client's own words goes into an error text. */
const MAX_ECHO = 64;

const readProp = probeRequest({
  name: 'readprop',
  summary:
    'Reads `vendor_name`, `product_name`, `supported_wire_protocols`, `wire_protocol` (no result while not connected) or `capabilities`.',
  args: args(arg('name', Type.String())),
  result: optionalResult(PROPERTY),
  run: ({ lease }, [name]) => {
    const read = properties.get(name);
    if (read) return read(lease);
    const known = [...properties.keys()].join(', ');
    throw new RequestError(`unknown property name '${name.slice(0, MAX_ECHO)}' requested; known are ${known}`);
  },
});

const hasSwo = probeRequest({
  name: 'has_swo',
  summary: 'Says whether the probe can capture SWO.',
  args: args(),
  result: result(Type.Boolean()),
  run: ({ lease }) => lease.abilities.swo,
});

/**
 * The names of pyOCD's `DebugProbe.Capability` that are true of a probe. A stock client dies of a name it does not
 * know. Left out on purpose: PIN_ACCESS, which the remote client announces and then cannot do, and MANAGED_*, which
 * cost round trips and hide the banked DP registers.
 */
function capabilitiesOf(abilities: ProbeAbilities): readonly string[] {
  const names = ['BANKED_DP_REGISTERS', 'APv2_ADDRESSES'];
  if (abilities.swjSequence) names.push('SWJ_SEQUENCE');
  if (abilities.swdSequence) names.push('SWD_SEQUENCE');
  if (abilities.jtagSequence) names.push('JTAG_SEQUENCE');
  if (abilities.swo) names.push('SWO');
  return names;
}

export const propertyRequests = [readProp, hasSwo];
