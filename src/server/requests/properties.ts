// What a client may ask of the probe: the properties stock pyOCD reads, and no other.

import { RequestError } from '../../base/errors.js';
import type { ClientLease, ProbeAbilities } from '../../sharing/client-lease.js';
import { readProp, hasSwo } from '../../protocol/properties.js';
import { answer } from './probe-request.js';

type PropertyReader = (lease: ClientLease) => string | readonly string[] | undefined;

const properties: ReadonlyMap<string, PropertyReader> = new Map<string, PropertyReader>([
  ['vendor_name', (lease) => lease.vendorName],
  ['product_name', (lease) => lease.productName],
  ['supported_wire_protocols', (lease) => ['DEFAULT', ...lease.wireProtocols]],
  ['wire_protocol', (lease) => lease.wireProtocol],
  ['capabilities', (lease) => capabilitiesOf(lease.abilities)],
]);

/** How much of a client's own words goes into an error text. */
const MAX_ECHO = 64;

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

export const propertyRequests = [
  answer(readProp, ({ lease }, [name]) => {
    const read = properties.get(name);
    if (read) return read(lease);
    const known = [...properties.keys()].join(', ');
    throw new RequestError(`unknown property name '${name.slice(0, MAX_ECHO)}' requested; known are ${known}`);
  }),
  answer(hasSwo, ({ lease }) => lease.abilities.swo),
];
