// What happens to a probe while it is served, told to operators, to the log and to what is known of the probe.

import type { Clock } from '../base/clock.js';
import { type DaemonError, describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { DaemonEvent } from '../control/daemon-events.js';
import { ProbeStateError } from '../probe/errors.js';
import type { ClientName } from '../sharing/client-lease.js';
import type { ProbeEntry } from './probe-entry.js';
import type { ServingEvents } from './served-probe.js';
import { Sparingly } from './sparingly.js';

export interface EventListeners {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: (event: DaemonEvent) => void;
  /** A client has gone. */
  readonly onLeft: () => void;
}

/** What clients can bring about as fast as they can send would push all else out of the history. */
const CLIENT_TOLD_MS = 10_000;
const ERROR_TOLD_MS = 60_000;
const MOST_TOLD = 50;

export function servingEvents(entry: ProbeEntry, { clock, log, onEvent, onLeft }: EventListeners): ServingEvents {
  const { uid } = entry;
  const resets = new Sparingly({ clock, periodMs: CLIENT_TOLD_MS, most: MOST_TOLD });
  // The audit log has every one; each takes a connection of its own, so that the period bounds what is remembered.
  const refusals = new Sparingly({ clock, periodMs: CLIENT_TOLD_MS, most: Infinity });
  const errors = new Sparingly({ clock, periodMs: ERROR_TOLD_MS, most: MOST_TOLD });
  let lastOpenError: unknown;
  const note = (error: unknown): void => {
    if (errors.mayTell(describeError(error))) noteError(entry, error, onEvent);
    else entry.noteError(error);
  };
  const by = ({ id, address, principal }: ClientName) => ({ uid, client: id, address, principal });
  return {
    clientIn: (client) => onEvent({ type: 'client-in', ...by(client) }),
    clientOut: (client, reason) => {
      onEvent({ type: 'client-out', ...by(client), reason });
      onLeft();
    },
    queued: (client, ahead) => {
      log.info('client waits for its turn', { uid, client: client.id, ahead });
      onEvent({ type: 'queued', ...by(client), ahead });
    },
    refused: (client, reason) => {
      if (!refusals.mayTell(`${client.id} ${reason}`)) return;
      log.info('client refused', { uid, client: client.id, reason });
      onEvent({ type: 'refused', ...by(client), reason });
    },
    admitted: (client) => onEvent({ type: 'admitted', ...by(client) }),
    turnedAway: (principal, reason, times) => {
      const more = times === undefined ? {} : { times };
      log.info('connection turned away', { uid, principal, reason, ...more });
      onEvent({ type: 'turned-away', uid, principal, reason, ...more });
    },
    dropped: (client, reason) => {
      log.info('client dropped', { uid, client: client.id, reason });
      onEvent({ type: 'dropped', ...by(client), reason });
    },
    lockLost: (from, to) =>
      onEvent({ type: 'lock-lost', ...by(from), to: to.id, toAddress: to.address, toPrincipal: to.principal }),
    targetReset: (client) => {
      if (resets.mayTell(String(client.id))) onEvent({ type: 'target-reset', ...by(client) });
    },
    targetHalted: (client) => onEvent({ type: 'target-halted', ...by(client) }),
    opened: ({ details }) => (entry.lastOpen = { at: clock.date(), details }),
    openFailed: (error) => {
      lastOpenError = error;
      note(error);
    },
    useChanged: () => entry.noteState(),
    requestFailed: (_client, error) => {
      if (error !== lastOpenError && concernsProbe(error)) note(error);
    },
  };
}

/** Keeps an error for `show`, and tells it. */
export function noteError(entry: ProbeEntry, error: unknown, onEvent: (event: DaemonEvent) => void): void {
  entry.noteError(error);
  onEvent({ type: 'error', uid: entry.uid, error: describeError(error) });
}

/** What somebody beside the probe should look at. A FAULT or a WAIT is between client and target. */
function concernsProbe(error: DaemonError): boolean {
  if (error instanceof ProbeStateError) return false;
  const { kind } = error;
  return kind === 'probe' || kind === 'busy' || kind === 'access' || kind === 'transfer';
}
