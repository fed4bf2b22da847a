import type { ControlClient } from '../../control/control-client.js';
import type { ProbeRow } from '../../control/snapshots.js';

/** Is told how a probe is; undefined: nobody knows of it at the moment. */
export type Observer = (row: ProbeRow | undefined) => void;

/**
 * Tells how a probe is, now and after every event, until the connection ends.
 * @throws ConnectionLostError, SshError
 */
export async function followProbe(
  client: ControlClient,
  uid: string,
  signal: AbortSignal,
  observe: Observer,
): Promise<void> {
  await client.call('events', {}, signal);
  const events = client.events(signal);
  do {
    const { probes } = await client.call('list', {}, signal);
    observe(probes.find((row) => row.uid === uid));
  } while (!(await events.next()).done);
}
