// What happens in the daemon, as `probectl events` shows it.

import { Type, type Static, type TProperties } from 'typebox';
import { frozen } from './frozen.js';
import { UID } from './snapshots.js';

const text = (description: string) => Type.String({ description });
const BY = Type.Optional(Type.String({ description: 'which operator; missing where the system does not tell' }));
const UNTIL = Type.String({ description: 'when it ends, ISO 8601 in UTC' });
const NUMBER = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
/** Whom an event is about. */
const CLIENT = {
  client: Type.Integer({ ...NUMBER, description: 'the number of the client' }),
  address: text('where it connects from'),
  principal: text('who it is'),
};

function event<const T extends string, P extends TProperties>(type: T, description: string, properties: P) {
  return Type.Object({ type: Type.Literal(type), ...properties }, { description });
}

/** All kinds of events, in the order of the reference page. */
export const daemonEvents = [
  event('attached', 'The probe was plugged in.', { uid: UID }),
  event('detached', 'The probe was unplugged.', { uid: UID }),
  event('served', "The probe's port answers.", { uid: UID, port: Type.Integer({ description: 'the port' }) }),
  event('unserved', "The probe's port does not answer any more.", { uid: UID, reason: text('why') }),
  event('failed', "The probe's port cannot be opened; it is tried again.", { uid: UID, error: text('why') }),
  event('client-in', 'A client connected.', { uid: UID, ...CLIENT }),
  event('client-out', 'A client is gone.', { uid: UID, ...CLIENT, reason: text('why') }),
  event('queued', 'A client waits for its turn.', {
    uid: UID,
    ...CLIENT,
    ahead: Type.Integer({ description: 'how many wait before it' }),
  }),
  event('admitted', 'A client that waited has its turn.', { uid: UID, ...CLIENT }),
  event('refused', 'A client was not let in; for the same reason not more than once in 10 s for each.', {
    uid: UID,
    ...CLIENT,
    reason: text('what it was told'),
  }),
  event('turned-away', 'A connection was not let in: its machine may not connect, or there were too many at once.', {
    uid: UID,
    principal: text('the address, or "others" for many'),
    reason: text('why'),
    times: Type.Optional(Type.Integer({ minimum: 1, description: 'how many more times within a minute' })),
  }),
  event('dropped', 'The config does not let a client be here any more.', {
    uid: UID,
    ...CLIENT,
    reason: text('what it was told'),
  }),
  event('kicked', 'An operator dropped a client.', { uid: UID, ...CLIENT, by: BY }),
  event('reserved', 'An operator reserved the probe.', {
    uid: UID,
    principal: text('for whom'),
    until: UNTIL,
    reason: Type.Optional(text('why')),
    by: BY,
  }),
  event('extended', 'An operator made the reservation longer.', {
    uid: UID,
    principal: text('for whom'),
    until: UNTIL,
    by: BY,
  }),
  event('released', 'An operator ended the reservation.', { uid: UID, principal: text('for whom it was'), by: BY }),
  event('expired', 'The reservation has ended by itself.', { uid: UID, principal: text('for whom it was') }),
  event('lock-lost', 'A client that was silent while others waited lost the lock.', {
    uid: UID,
    ...CLIENT,
    to: Type.Integer({ ...NUMBER, description: 'the number of the client that got it' }),
    toAddress: text('where that one connects from'),
    toPrincipal: text('who that one is'),
  }),
  event(
    'target-reset',
    'A client reset the target while others had the probe open; not more than once in 10 s for each.',
    { uid: UID, ...CLIENT },
  ),
  event(
    'target-halted',
    'A client halted a core while others had the probe open; not more than once in 10 s for each.',
    { uid: UID, ...CLIENT },
  ),
  event('error', 'Something went wrong; the same not more than once in a minute.', {
    uid: Type.Optional(UID),
    error: text('what'),
  }),
  event('reloaded', 'The config was read again.', {
    applied: Type.Boolean({ description: 'whether it was good' }),
    changed: Type.Array(Type.String(), { description: 'uids of the probes whose settings changed' }),
    settings: Type.Array(Type.String(), {
      description: 'keys whose value changed, of what is not said of single probes',
    }),
    by: BY,
  }),
  event('changed', 'An operator changed something about the probe.', {
    uid: UID,
    what: text('enabled, disabled, renamed or forgotten'),
    by: BY,
  }),
  event('stopping', 'The daemon ends.', {}),
] as const;

export type DaemonEvent = Static<(typeof daemonEvents)[number]>;

export const NUMBERED_EVENT = frozen(
  Type.Object({
    sequence: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'counts from 1, without gap' }),
    time: Type.String({ description: 'when it happened, ISO 8601 in UTC' }),
    event: Type.Union([...daemonEvents]),
  }),
);
/** An event with its place among all events since the daemon started. */
export type NumberedEvent = Static<typeof NUMBERED_EVENT>;
