import { waitAtMost } from '../../base/clock.js';
import type { ControlClient } from '../../control/control-client.js';
import type { ProbeRow } from '../../control/snapshots.js';
import type { World } from '../world.js';

/** Is told how a probe is; undefined: nobody knows of it at the moment. */
export type Observer = (row: ProbeRow | undefined) => void;

/** Not every change is an event: that a client opens the probe is none. */
const LOOK_MS = 1000;

/**
 * Tells how a probe is, now, after every event and every second, until the connection ends.
 * @throws ConnectionLostError, SshError
 */
export async function followProbe(
  client: ControlClient,
  uid: string,
  observe: Observer,
  { clock, signal }: Pick<World, 'clock' | 'signal'>,
): Promise<void> {
  await client.call('events', {}, signal);
  const events = client.events(signal);
  const wait = (): Promise<unknown> => {
    const event = events.next();
    event.catch(() => undefined); // where nobody waits for it any more, something else has failed
    return event.finally(() => (next = undefined));
  };
  let next: Promise<unknown> | undefined;
  while (!signal.aborted) {
    const { probes } = await client.call('list', {}, signal);
    observe(probes.find((row) => row.uid === uid));
    await waitAtMost(LOOK_MS, (next ??= wait()), clock);
  }
}
