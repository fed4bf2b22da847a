import { parseProbeOptions } from './probe-options.js';
import { simulatedUid } from './simulated-uid.js';

/**
 * What pyOCD is to be told is behind the probes of `simulatedBus`: target types by uid. A client that selects no target would be
 * refused on a multi-drop line where others have selected theirs.
 *
 * @param probes  the options of each
 */
export function simulatedTargets(probes: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  return new Map(
    probes.map((options, i) => [
      simulatedUid(i),
      parseProbeOptions(options).board?.kind === 'multidrop' ? 'rp2040_core0' : 'cortex_m',
    ]),
  );
}
