import { RequestError } from '../../base/errors.js';
import type { ControlClient } from '../../control/control-client.js';
import { NoSuchProbeError, resolveProbe } from '../../control/resolve-probe.js';
import type { ProbeRow } from '../../control/snapshots.js';
import type { World } from '../world.js';

/** How long a probe that is not there is waited for. */
export type Wait =
  { readonly kind: 'no' } | { readonly kind: 'for-ever' } | { readonly kind: 'limited'; readonly ms: number };

/**
 * Finds the probe with that uid, name or prefix, served.
 * @throws NoSuchProbeError, AmbiguousProbeError
 * @throws RequestError  if it is not served, or not in time
 */
export async function findProbe(
  client: ControlClient,
  given: string,
  wait: Wait,
  { clock, signal }: Pick<World, 'clock' | 'signal'>,
): Promise<ProbeRow> {
  if (wait.kind === 'no') return await look(client, given, signal);
  const timeout = new AbortController();
  const timer = wait.kind === 'limited' ? clock.timer(wait.ms, () => timeout.abort()) : undefined;
  const patience = AbortSignal.any([signal, timeout.signal]);
  try {
    return await waitFor(client, given, signal, patience);
  } finally {
    timer?.[Symbol.dispose]();
  }
}

/** @param patience  ends the waiting; `signal` everything */
async function waitFor(
  client: ControlClient,
  given: string,
  signal: AbortSignal,
  patience: AbortSignal,
): Promise<ProbeRow> {
  await client.call('events', {}, patience); // first, so that nothing falls between
  const events = client.events(patience);
  for (;;) {
    let missing: RequestError;
    try {
      return await look(client, given, signal);
    } catch (error) {
      if (!(error instanceof NoSuchProbeError || error instanceof NotServedError)) throw error;
      missing = error;
    }
    const { done } = await events.next();
    signal.throwIfAborted();
    if (done) throw new RequestError(`waited in vain: ${missing.message}`);
  }
}

class NotServedError extends RequestError {}

async function look(client: ControlClient, given: string, signal: AbortSignal): Promise<ProbeRow> {
  const { probes } = await client.call('list', {}, signal);
  const uid = resolveProbe(probes, given);
  const probe = probes.find((row) => row.uid === uid);
  if (probe && (probe.state === 'ready' || probe.state === 'in-use')) return probe;
  const reason = probe?.reason === undefined ? '' : ` (${probe.reason})`;
  throw new NotServedError(`probe ${uid} is not there: ${probe?.state ?? 'gone'}${reason}; --wait waits for it`);
}
