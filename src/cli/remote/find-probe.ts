import { RequestError } from '../../base/errors.js';
import type { ControlClient } from '../../control/control-client.js';
import { isServed } from '../../control/is-served.js';
import { resolveProbe } from '../../control/resolve-probe.js';
import type { ProbeRow } from '../../control/snapshots.js';

/** The probe is known, and its port does not answer. */
export class NotServedError extends RequestError {}

/**
 * Finds the probe with that uid, name or prefix, served.
 * @throws NoSuchProbeError, AmbiguousProbeError, NotServedError
 */
export async function findProbe(client: ControlClient, given: string, signal: AbortSignal): Promise<ProbeRow> {
  const { probes } = await client.call('list', {}, signal);
  const uid = resolveProbe(probes, given);
  const probe = probes.find((row) => row.uid === uid);
  if (probe && isServed(probe.state)) return probe;
  const reason = probe?.reason === undefined ? '' : ` (${probe.reason})`;
  throw new NotServedError(`probe ${uid} is not there: ${probe?.state ?? 'gone'}${reason}`);
}
