// What the daemon tells about itself. Each shape is written once, as a schema; its type is read from it, and the
// descriptions are the reference page (docs/control-protocol.md).

import { Type, type Static } from 'typebox';
import { frozen } from './frozen.js';

export const probeStates = ['ready', 'in-use', 'absent', 'no-permission', 'not-served', 'ignored', 'failed'] as const;

const text = (description: string) => Type.String({ description });
const count = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });
const port = (description: string) => Type.Integer({ minimum: 0, maximum: 65_535, description });
/** ISO 8601 in UTC, with milliseconds: what `Date.toISOString` gives. */
const time = (description: string) => Type.String({ description: `${description}, ISO 8601 in UTC` });

export const UID = text('the uid of the probe');

export const RESERVATION = frozen(
  Type.Object(
    {
      principal: text('whose clients are let in'),
      until: time('when it ends'),
      reason: Type.Optional(text('what others are told')),
    },
    { description: 'the reservation' },
  ),
);
/** Who has reserved a probe. */
export type ReservationRow = Static<typeof RESERVATION>;

export const PROBE_ROW = frozen(
  Type.Object(
    {
      uid: UID,
      name: Type.Optional(text('the name it was given')),
      vendor: text('who made it'),
      product: text('what it is'),
      family: Type.Optional(text('the driver that serves it; missing for a probe that has not been seen yet')),
      state: Type.Unsafe<(typeof probeStates)[number]>({
        enum: [...probeStates],
        description: `one of ${probeStates.join(', ')}`,
      }),
      reason: Type.Optional(text('why it is in that state, where the state alone does not say')),
      port: Type.Optional(port('its TCP port; missing until it has one')),
      addresses: Type.Array(Type.String(), { description: 'the addresses its port listens on' }),
      target: Type.Optional(text("the target type behind it, by pyOCD's name, where the config has it")),
      clients: count('how many clients are connected'),
      waiting: count('how many of them wait for their turn'),
      reservation: Type.Optional(RESERVATION),
      since: time('since when it is in that state'),
    },
    { description: 'the probe' },
  ),
);
/** One probe as `status` and `list` show it. */
export type ProbeRow = Static<typeof PROBE_ROW>;
export type ProbeState = ProbeRow['state'];

export const PROBLEM = frozen(
  Type.Object({
    uid: Type.Optional(text('the probe it is about; missing where it is about the daemon')),
    what: text('what is wrong'),
    remedy: text('what to do about it: a sentence or a command'),
  }),
);
export type Problem = Static<typeof PROBLEM>;

export const STATUS = frozen(
  Type.Object({
    version: text("the daemon's version"),
    pid: count("the daemon's process id"),
    since: time('when the daemon started'),
    configFile: Type.Optional(text('the config file it read; missing where there is none')),
    loopDelayMs: Type.Optional(
      Type.Number({
        description: '99th percentile of the delay of its event loop in the last one to two minutes, in milliseconds',
      }),
    ),
    probes: Type.Array(PROBE_ROW, { description: 'the probes it knows' }),
    problems: Type.Array(PROBLEM, { description: 'what needs somebody' }),
  }),
);
export type Status = Static<typeof STATUS>;

export const CLIENT_ROW = frozen(
  Type.Object({
    client: count('its number, for `kick`'),
    address: text('where it connects from: address and port'),
    principal: text('who it is: user:NAME, uid:NUMBER, or addr:ADDRESS'),
    since: time('when it connected'),
    requests: count('requests it has made'),
    bytesIn: count('bytes it has sent'),
    bytesOut: count('bytes it was sent'),
    open: Type.Boolean({ description: 'whether it has the probe open' }),
    lockDepth: count('how often it holds the lock; 0: it does not'),
    capturesSwo: Type.Boolean({ description: 'whether it captures SWO' }),
    holdsReset: Type.Boolean({ description: 'whether it holds nRESET low' }),
  }),
);
export type ClientRow = Static<typeof CLIENT_ROW>;

export const WAITING_ROW = frozen(
  Type.Object({
    client: count('its number'),
    principal: text('who it is'),
    address: text('where it connects from: address and port'),
    since: time('since when it waits'),
  }),
);
export type WaitingRow = Static<typeof WAITING_ROW>;

export const LAST_OPEN = frozen(
  Type.Object(
    {
      at: time('when the probe was opened'),
      capabilities: Type.Array(Type.String(), { description: 'what it can do' }),
      firmware: Type.Optional(text('version of its firmware')),
      packetSizeBytes: Type.Optional(count('bytes in one packet')),
      packetCount: Type.Optional(count('packets it takes ahead')),
    },
    { description: 'what was learnt when the probe was last opened; missing before that' },
  ),
);
export type LastOpen = Static<typeof LAST_OPEN>;

export const DETAILS = frozen(
  Type.Object({
    probe: PROBE_ROW,
    usb: Type.Optional(
      Type.Object(
        {
          path: text('bus and ports: "1-2.4"'),
          vid: Type.Integer({ minimum: 0, maximum: 0xffff, description: 'vendor id' }),
          pid: Type.Integer({ minimum: 0, maximum: 0xffff, description: 'product id' }),
          serial: Type.Optional(text('serial number')),
        },
        { description: 'where it is plugged in; missing while it is absent' },
      ),
    ),
    wireProtocol: Type.Optional(text('the protocol the target is connected with; missing while it is not')),
    lastOpen: Type.Optional(LAST_OPEN),
    clients: Type.Array(CLIENT_ROW, { description: 'its clients' }),
    queue: Type.Array(WAITING_ROW, { description: 'those of them that wait for their turn, the next first' }),
    settings: Type.Array(
      Type.Object({
        key: text('the key, as in the config file'),
        value: text('its value, as in the config file'),
        from: text('who set it: default, file:line:column, command line, or probectl'),
        still: Type.Optional(text('the value that holds until its last client leaves, where that is another one')),
      }),
      { description: 'its settings' },
    ),
    errors: Type.Array(
      Type.Object({
        at: time('when it came last'),
        error: text('what'),
        times: Type.Optional(count('how often it came, if more than once')),
      }),
      { description: 'its last errors, each once, the newest last; mistakes of clients are none' },
    ),
  }),
);
/** All that is known of one probe. */
export type Details = Static<typeof DETAILS>;

export const PORTS = frozen(
  Type.Object({
    first: port('first port of the range'),
    last: port('last port of the range'),
    ports: Type.Array(
      Type.Object({
        port: port('the port'),
        uid: UID,
        name: Type.Optional(text('the name of the probe')),
        present: Type.Boolean({ description: 'whether the probe is plugged in' }),
      }),
      { description: 'the ports that are given away, also to absent probes' },
    ),
  }),
);
export type Ports = Static<typeof PORTS>;

export const RELOADED = frozen(
  Type.Union([
    Type.Object({
      applied: Type.Literal(true, { description: 'true' }),
      changed: Type.Array(Type.String(), { description: 'uids of the probes whose settings changed' }),
      settings: Type.Array(Type.String(), {
        description: 'keys whose value changed, of what is not said of single probes',
      }),
      waiting: Type.Array(Type.String(), {
        description: 'uids of those among them that are in use and change when their last client leaves',
      }),
      nextStart: Type.Array(Type.String(), {
        description: 'keys whose new value holds only when the daemon is started again',
      }),
      problems: Type.Array(PROBLEM, { description: 'what does not fit this machine' }),
    }),
    Type.Object({
      applied: Type.Literal(false, { description: 'false: the old config stays' }),
      complaints: Type.Array(Type.String(), { description: 'all that is wrong: `file:line:column: what`' }),
    }),
  ]),
);
export type Reloaded = Static<typeof RELOADED>;
