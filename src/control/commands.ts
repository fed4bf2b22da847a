// All control commands. To add one: an object here, a row in docs/control-protocol.md, and its text in src/cli.

import { Type } from 'typebox';
import { RequestError } from '../base/errors.js';
import { GIVEN_NAME } from '../base/given-name.js';
import { result } from '../jsonl/request-table.js';
import { command } from './command.js';
import { namedArgs } from './command-arguments.js';
import { DURATION, parseDuration } from './duration.js';
import type { DaemonView, Kept } from './daemon-view.js';
import { frozen } from './frozen.js';
import { PROTOCOL_VERSION } from './messages.js';
import { resolveProbe } from './resolve-probe.js';
import { CLIENT_ROW, DETAILS, PORTS, PROBE_ROW, RELOADED, RESERVATION, STATUS, UID } from './snapshots.js';

const COUNT = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

const PROBE = Type.String({ maxLength: 256, description: 'the uid or name of a probe, or the beginning of one' });

const NAME = Type.String({
  pattern: `^(${GIVEN_NAME.pattern})?$`,
  description: `${GIVEN_NAME.allowed}; empty takes the name back`,
});

const PRINCIPAL = Type.String({
  pattern: '^(user:[^\\x00-\\x1f]+|uid:[0-9]+|addr:[0-9A-Fa-f.:]+(%[A-Za-z0-9_.-]+)?)$',
  maxLength: 256,
  description: 'a principal: user:NAME, uid:NUMBER or addr:ADDRESS',
});

const UNKEPT = Type.Optional(
  Type.String({ description: 'why this is lost when the daemon stops; missing where it is kept' }),
);

/** What a command that changed a probe answers. */
const CHANGED = result(frozen(Type.Object({ uid: UID, unkept: UNKEPT })));

function unkept(daemon: DaemonView, what: Kept): { readonly unkept?: string } {
  const reason = daemon.unkept(what);
  return reason === undefined ? {} : { unkept: reason };
}

/** What a command that changed a reservation answers. */
const RESERVED = result(frozen(Type.Object({ uid: UID, reservation: RESERVATION, unkept: UNKEPT })));

const status = command({
  name: 'status',
  summary: 'Shows the daemon, its probes, and what needs somebody.',
  args: namedArgs({}),
  result: result(STATUS),
  run: ({ daemon }) => daemon.status(),
});

const list = command({
  name: 'list',
  summary: 'Lists the probes with what pyOCD is to be told to use them.',
  args: namedArgs({}),
  result: result(frozen(Type.Object({ probes: Type.Array(PROBE_ROW, { description: 'the probes it knows' }) }))),
  run: ({ daemon }) => ({ probes: daemon.probes() }),
});

const show = command({
  name: 'show',
  summary: 'Shows all that is known of a probe.',
  args: namedArgs({ probe: PROBE }),
  result: result(DETAILS),
  run: ({ daemon }, { probe }) => daemon.show(resolveProbe(daemon.probes(), probe)),
});

const events = command({
  name: 'events',
  summary: 'Prints what happens, as it happens.',
  args: namedArgs({
    since: Type.Optional(
      Type.Integer({
        ...COUNT,
        description: 'the number of the last event that is known; without it, only new ones come',
      }),
    ),
  }),
  result: result(
    frozen(
      Type.Object({
        last: Type.Integer({ ...COUNT, description: 'the number of the newest event' }),
        pid: Type.Integer({ ...COUNT, description: "the daemon's process id: numbers start again with another one" }),
      }),
    ),
  ),
  run: ({ daemon, streamEvents }, { since }) => {
    streamEvents(since);
    return { last: daemon.events.last, pid: daemon.pid };
  },
});

const reload = command({
  name: 'reload',
  summary: 'Reads the config again and applies what differs.',
  args: namedArgs({
    now: Type.Optional(
      Type.Boolean({ description: 'true: probes in use are changed at once, and lose their clients' }),
    ),
  }),
  result: result(RELOADED),
  run: async ({ daemon, operator }, { now = false }) => daemon.reload(now, await operator),
});

const rescan = command({
  name: 'rescan',
  summary: 'Looks for probes again, and tries again what has failed.',
  args: namedArgs({}),
  result: result(STATUS),
  run: async ({ daemon }) => {
    await daemon.rescan();
    return daemon.status();
  },
});

const kick = command({
  name: 'kick',
  summary: 'Drops a client of a probe, or all of them.',
  args: namedArgs({
    probe: PROBE,
    client: Type.Optional(Type.Integer({ ...COUNT, description: 'the number of a client, as `show` prints it' })),
    who: Type.Optional({
      ...PRINCIPAL,
      description: 'only the clients of this principal: user:NAME, uid:NUMBER or addr:ADDRESS',
    }),
  }),
  result: result(
    frozen(Type.Object({ uid: UID, kicked: Type.Array(CLIENT_ROW, { description: 'the clients that were dropped' }) })),
  ),
  run: async ({ daemon, operator }, { probe, client, who }) => {
    const uid = resolveProbe(daemon.probes(), probe);
    const which = { ...(client !== undefined && { client }), ...(who !== undefined && { principal: who }) };
    return { uid, kicked: await daemon.kick(uid, which, await operator) };
  },
});

const reserve = command({
  name: 'reserve',
  summary: 'Reserves a probe for the clients of one principal, for a while.',
  args: namedArgs({
    probe: PROBE,
    for: DURATION,
    as: Type.Optional({
      ...PRINCIPAL,
      description: 'whom to reserve it for: user:NAME, uid:NUMBER or addr:ADDRESS; you, if left out',
    }),
    reason: Type.Optional(
      Type.String({
        pattern: '^[^\\x00-\\x1f\\x7f]*$',
        maxLength: 200,
        description: 'what others are told: at most 200 characters in one line',
      }),
    ),
  }),
  result: result(
    frozen(
      Type.Object({
        uid: UID,
        reservation: RESERVATION,
        others: Type.Array(CLIENT_ROW, {
          description: 'clients of others that have it open, and keep it until they close',
        }),
        unkept: UNKEPT,
      }),
    ),
  ),
  run: async ({ daemon, operator }, { probe, for: length, as, reason }) => {
    const uid = resolveProbe(daemon.probes(), probe);
    const by = await operator;
    const principal = as ?? by;
    if (principal === undefined) throw new RequestError('who you are cannot be told: say --as PRINCIPAL');
    const wish = { principal, lengthMs: parseDuration(length), ...(reason?.trim() && { reason: reason.trim() }) };
    return { uid, ...(await daemon.reserve(uid, wish, by)), ...unkept(daemon, 'reservations') };
  },
});

const extend = command({
  name: 'extend',
  summary: 'Makes the reservation of a probe end later.',
  args: namedArgs({ probe: PROBE, for: { ...DURATION, description: 'how much longer: "90s", "10m", "1h30m", "2d"' } }),
  result: RESERVED,
  run: async ({ daemon, operator }, { probe, for: length }) => {
    const uid = resolveProbe(daemon.probes(), probe);
    const reservation = await daemon.extend(uid, parseDuration(length), await operator);
    return { uid, reservation, ...unkept(daemon, 'reservations') };
  },
});

const release = command({
  name: 'release',
  summary: 'Ends the reservation of a probe, whoever has made it.',
  args: namedArgs({ probe: PROBE }),
  result: RESERVED,
  run: async ({ daemon, operator }, { probe }) => {
    const uid = resolveProbe(daemon.probes(), probe);
    const reservation = await daemon.release(uid, await operator);
    return { uid, reservation, ...unkept(daemon, 'reservations') };
  },
});

const enable = command({
  name: 'enable',
  summary: 'Serves a probe that was disabled.',
  args: namedArgs({ probe: PROBE }),
  result: CHANGED,
  run: async ({ daemon, operator }, { probe }) => {
    const uid = resolveProbe(daemon.probes(), probe);
    await daemon.setEnabled(uid, true, await operator);
    return { uid, ...unkept(daemon, 'settings') };
  },
});

const disable = command({
  name: 'disable',
  summary: 'Stops serving a probe, and leaves it to other programs.',
  args: namedArgs({ probe: PROBE }),
  result: CHANGED,
  run: async ({ daemon, operator }, { probe }) => {
    const uid = resolveProbe(daemon.probes(), probe);
    await daemon.setEnabled(uid, false, await operator);
    return { uid, ...unkept(daemon, 'settings') };
  },
});

const rename = command({
  name: 'rename',
  summary: 'Gives a probe a name, to be used like its uid.',
  args: namedArgs({ probe: PROBE, name: NAME }),
  result: CHANGED,
  run: async ({ daemon, operator }, { probe, name }) => {
    const uid = resolveProbe(daemon.probes(), probe);
    await daemon.rename(uid, name === '' ? undefined : name, await operator);
    return { uid, ...unkept(daemon, 'settings') };
  },
});

const forget = command({
  name: 'forget',
  summary: 'Forgets an absent probe and frees its port.',
  args: namedArgs({ probe: PROBE }),
  result: result(
    frozen(
      Type.Object({
        uid: UID,
        port: Type.Optional(Type.Integer({ description: 'the port that is free now; missing if it had none' })),
        unkept: UNKEPT,
      }),
    ),
  ),
  run: async ({ daemon, operator }, { probe }) => {
    const uid = resolveProbe(daemon.probes(), probe);
    return { uid, ...(await daemon.forget(uid, await operator)), ...unkept(daemon, 'settings') };
  },
});

const ports = command({
  name: 'ports',
  summary: 'Lists the ports that are given away, also to absent probes.',
  args: namedArgs({}),
  result: result(PORTS),
  run: ({ daemon }) => daemon.ports(),
});

const ping = command({
  name: 'ping',
  summary: 'Says whether the daemon answers.',
  args: namedArgs({}),
  result: result(frozen(Type.Object({ pid: Type.Integer({ ...COUNT, description: "the daemon's process id" }) }))),
  run: ({ daemon }) => ({ pid: daemon.pid }),
});

const version = command({
  name: 'version',
  summary: 'Says which versions of program and protocol are at work.',
  args: namedArgs({}),
  result: result(
    frozen(
      Type.Object({
        version: Type.String({ description: "the daemon's version" }),
        protocol: Type.Integer({ ...COUNT, description: 'the version of the control protocol' }),
        pid: Type.Integer({ ...COUNT, description: "the daemon's process id" }),
      }),
    ),
  ),
  run: ({ daemon }) => ({ version: daemon.version, protocol: PROTOCOL_VERSION, pid: daemon.pid }),
});

/** All commands, in the order of the reference page and of `probectl --help`. */
export const commands = [
  status,
  list,
  show,
  events,
  reload,
  rescan,
  kick,
  reserve,
  extend,
  release,
  enable,
  disable,
  rename,
  forget,
  ports,
  ping,
  version,
] as const;

type AnyCommand = (typeof commands)[number];
export type CommandName = AnyCommand['name'];
type CommandNamed<N extends CommandName> = Extract<AnyCommand, { readonly name: N }>;

/** What a command takes. */
export type CommandArguments<N extends CommandName> = NonNullable<CommandNamed<N>['args']['type']>;
/** What a command answers. */
export type CommandResult<N extends CommandName> = NonNullable<CommandNamed<N>['result']['type']>;

/** The declaration of a command. */
export function commandNamed(name: CommandName): AnyCommand {
  for (const declared of commands) if (declared.name === name) return declared;
  throw new Error(`unreachable: ${name}`);
}
