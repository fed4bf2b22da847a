// `--wait`: until the probe is there, and until it lets us in.

import type { Duplex } from 'node:stream';
import { abortsWithin, sleep } from '../../base/clock.js';
import { RequestError } from '../../base/errors.js';
import type { ProbeEndpoint } from '../../client/endpoint.js';
import type { ControlClient } from '../../control/control-client.js';
import { NoSuchProbeError } from '../../control/resolve-probe.js';
import type { Details, ProbeRow } from '../../control/snapshots.js';
import { harmless } from '../colour.js';
import type { World } from '../world.js';
import { findProbe, NotServedError } from './find-probe.js';
import type { Host } from './host.js';
import { openTurn } from './open-turn.js';
import { remoteProbe } from './remote-probe.js';

/** How long a probe is waited for. */
export type Wait =
  { readonly kind: 'no' } | { readonly kind: 'for-ever' } | { readonly kind: 'limited'; readonly ms: number };

export interface ReachedHost {
  readonly host: Host;
  /** Of its daemon. */
  readonly client: ControlClient;
}

export interface FoundProbe {
  readonly row: ProbeRow;
  /** A connection that has the probe open, where it was waited for: whoever goes on with it need not wait again. */
  readonly turn: Duplex | undefined;
}

/** Not every change is an event: that a client sends `close` and stays is none. So we look, as `status --watch` does. */
const LOOK_MS = 1000;

/**
 * Finds the probe with that uid, name or prefix. With `wait`, not before it is served and can be opened, and says what
 * it waits for meanwhile.
 * @throws NoSuchProbeError, AmbiguousProbeError
 * @throws RequestError  if it is not served, or has not let us in in time
 */
export async function waitForProbe(
  { host, client }: ReachedHost,
  given: string,
  wait: Wait,
  world: World,
): Promise<FoundProbe> {
  if (wait.kind === 'no') {
    const row = await findNow(client, given, world.signal);
    return { row, turn: undefined };
  }
  const timeout = new AbortController();
  const timer = wait.kind === 'limited' ? world.clock.timer(wait.ms, () => timeout.abort()) : undefined;
  const patience = AbortSignal.any([world.signal, timeout.signal]);
  try {
    return await new Waiting(host, client, world).until(given, patience);
  } finally {
    timer?.[Symbol.dispose]();
  }
}

async function findNow(client: ControlClient, given: string, signal: AbortSignal): Promise<ProbeRow> {
  try {
    return await findProbe(client, given, signal);
  } catch (error) {
    if (!(error instanceof NotServedError)) throw error;
    throw new RequestError(`${error.message}; --wait waits for it`);
  }
}

class Waiting {
  /** The last that was said of what is waited for. */
  #said = 'it did not let us in';
  /** How it was when we were kept out the last time we tried. */
  #refusedIn: string | undefined;

  constructor(
    private readonly host: Host,
    private readonly client: ControlClient,
    private readonly world: World,
  ) {}

  /** @param patience  ends the waiting; the signal of the world everything */
  async until(given: string, patience: AbortSignal): Promise<FoundProbe> {
    const { clock, signal } = this.world;
    for (;;) {
      const found = await this.#look(given, patience);
      if (found) return found;
      await sleep(clock, LOOK_MS, patience).catch(() => undefined); // the end is seen below
      signal.throwIfAborted();
      if (patience.aborted) throw new RequestError(`waited in vain: ${this.#said}`);
    }
  }

  async #look(given: string, patience: AbortSignal): Promise<FoundProbe | undefined> {
    try {
      const row = await findProbe(this.client, given, this.world.signal);
      const endpoint = remoteProbe(this.host, row, this.world);
      const turn = await this.#take(row.uid, endpoint, patience);
      return turn && { row, turn };
    } catch (error) {
      if (!(error instanceof NoSuchProbeError || error instanceof NotServedError)) throw error;
      this.#say(error.message);
      return undefined;
    }
  }

  /** Tries to open the probe, unless nothing has changed since that was refused. */
  async #take(uid: string, endpoint: ProbeEndpoint, patience: AbortSignal): Promise<Duplex | undefined> {
    const { clock, signal } = this.world;
    const details = await this.client.call('show', { probe: uid }, signal);
    const situation = `${obstacleIn(details)} ${sharingIn(details)}`;
    if (obstacleIn(details) !== '' && situation === this.#refusedIn) return undefined;
    const answered = new AbortController();
    // Only to say something: if the daemon is gone, the opening fails as well.
    const queueing = this.#queue(uid, AbortSignal.any([patience, answered.signal])).catch(() => undefined);
    const startedAt = clock.now();
    try {
      const opened = await openTurn(endpoint, patience);
      if (opened.turn) return opened.turn;
      this.#say(opened.refusal);
      // One that took its time is the end of a place in the queue: then we line up again.
      const isFinal = opened.isGone || clock.now() - startedAt >= LOOK_MS;
      this.#refusedIn = isFinal ? undefined : situation;
    } catch (error) {
      if (!patience.aborted) throw error;
    } finally {
      answered.abort();
      await queueing;
    }
    return undefined;
  }

  /** Says who is before us, for as long as `open` is not answered. */
  async #queue(uid: string, answered: AbortSignal): Promise<void> {
    while (!(await abortsWithin(answered, LOOK_MS, this.world.clock))) {
      const details = await this.client.call('show', { probe: uid }, this.world.signal);
      this.#say(`probe ${uid} has a queue: ${obstacleIn(details)}, ${details.queue.length} waiting`);
    }
  }

  #say(what: string): void {
    if (what !== this.#said) this.world.stderr.write(`probectl: waiting: ${harmless(what)}\n`);
    this.#said = what;
  }
}

/** What could keep us out: while it is the same, as the probe is shared, it does so again. Empty: nothing is in the way. */
function obstacleIn({ clients, probe: { reservation } }: Details): string {
  const inside = clients.filter(({ open }) => open);
  return [
    ...inside.map(({ principal, address, since }) => `used by ${principal} (${address}) since ${since}`),
    ...(reservation ? [`reserved for ${reservation.principal} until ${reservation.until}`] : []),
  ].join(', ');
}

/** Whether others have to leave first: a reload of the config may change that. */
function sharingIn({ settings }: Details): string {
  return settings.find(({ key }) => key === 'probe.sharing')?.value ?? '';
}
