// Every key of probed.toml, declared once. The TypeScript types of the file, the validator, docs/configuration.md and
// etc/probed.toml are all read from here.

import { type Static, type TUnsafe, Type } from 'typebox';
import { logLevels } from '../base/logger.js';

export const MAX_PORT = 65535;
export const MAX_SIMULATED_PROBES = 256;

/** `auto`: priorities for the journal under systemd, else text, in colours on a terminal. */
export const logFormats = ['auto', 'text', 'journal', 'json'] as const;

export const sharingModes = ['shared', 'exclusive', 'queue'] as const;

/** One of a few words. */
function oneOf<const T extends string>(values: readonly T[], options: object): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: values, ...options });
}

/** Tables of which there is one: `[listen]`. Every key has a default. */
export const tables = {
  listen: Type.Object(
    {
      addresses: Type.Array(Type.String({ format: 'address' }), {
        description:
          'The addresses every probe is served on. "localhost" is both loopback addresses, 127.0.0.1 and ::1. ' +
          'Where this is not set and allow_remote is true: every address of the machine.',
        default: ['localhost'],
        examples: [['127.0.0.1']],
        minItems: 1,
        maxItems: 64,
      }),
      allow_remote: Type.Boolean({
        description:
          'Lets other machines connect. Whoever can connect can read and program the boards: there is no password.',
        default: false,
        examples: [true],
      }),
      first_port: Type.Integer({
        description:
          'The port of the first probe. Each further probe gets the next free one and keeps it for good. ' +
          '0: whichever ports are free, other ones at every start.',
        default: 5555,
        examples: [6000],
        minimum: 0,
        maximum: MAX_PORT,
      }),
      port_count: Type.Integer({
        description:
          'How many ports, from first_port up, probes may be given. The default ends at port 65535 where that is less.',
        default: 256,
        examples: [16],
        minimum: 1,
        maximum: MAX_PORT,
      }),
    },
    { description: 'Where clients connect.' },
  ),
  limits: Type.Object(
    {
      clients_per_probe: Type.Integer({
        description: 'How many clients one probe may have at a time. One more is told so at its "open".',
        default: 32,
        examples: [4],
        minimum: 1,
        maximum: 1024,
      }),
      line_bytes: Type.Integer({
        description: 'The longest request. A client that sends a longer one is cut off.',
        unit: 'bytes',
        default: 8 * 1024 * 1024,
        examples: [1024 * 1024],
        minimum: 1024,
        maximum: 64 * 1024 * 1024,
      }),
      backlog_bytes: Type.Integer({
        description: 'How far requests of one client are read ahead while others run.',
        unit: 'bytes',
        default: 1024 * 1024,
        examples: [4 * 1024 * 1024],
        minimum: 1024,
        maximum: 64 * 1024 * 1024,
      }),
      backlog_requests: Type.Integer({
        description: 'How many requests of one client are read ahead while others run.',
        default: 1024,
        examples: [64],
        minimum: 1,
        maximum: 65536,
      }),
      lock_idle_timeout: Type.Number({
        description: 'How long a client that holds the lock may be silent while another waits for it.',
        unit: 'seconds',
        default: 2,
        examples: [0.5],
        minimum: 0.1,
        maximum: 3600,
      }),
      client_timeout: Type.Number({
        description:
          'How long the machine of a client may be unreachable until the client is taken for dead. ' +
          'A client that is only idle is never dropped; one whose buffers are full of replies it does not read is.',
        unit: 'seconds',
        default: 15,
        examples: [60],
        minimum: 2,
        maximum: 3600,
      }),
      shutdown_grace: Type.Number({
        description: 'How long requests that run may take to end when the daemon stops.',
        unit: 'seconds',
        default: 5,
        examples: [1],
        minimum: 0,
        maximum: 300,
      }),
    },
    { description: 'What clients may cost. Reaching a limit never harms another client.' },
  ),
  access: Type.Object(
    {
      local_group: Type.String({
        description:
          'Lets in, of the users of this machine, only the members of this group, and root. Empty: all. Linux only.',
        default: '',
        examples: ['plugdev'],
        pattern: '^[\\w.-]*$',
        allowed: 'the name of a group, or ""',
      }),
      queue_timeout: Type.Number({
        description: 'How long the "open" of a client may wait for its turn where sharing is "queue".',
        unit: 'seconds',
        default: 600,
        examples: [60],
        minimum: 1,
        maximum: 86_400,
      }),
      longest_reservation: Type.Number({
        description: 'How far ahead probectl reserve and extend may reserve a probe.',
        unit: 'seconds',
        default: 86_400,
        examples: [3600],
        minimum: 60,
        maximum: 2_592_000,
      }),
    },
    { description: 'Who may use the probes, and when.' },
  ),
  control: Type.Object(
    {
      socket: Type.String({
        description: 'The socket probectl talks to: an absolute path.',
        default: '/run/probed/control.sock',
        platformDefault: 'controlSocket',
        examples: ['/run/lab/control.sock'],
        pattern: '^/',
        allowed: 'an absolute path',
      }),
      group: Type.String({
        description: 'The group whose members may use probectl. Empty: the group the daemon runs as.',
        default: '',
        examples: ['plugdev'],
        pattern: '^[\\w.-]*$',
        allowed: 'the name of a group, or ""',
      }),
      mode: Type.String({
        description: 'The permissions of the socket, in octal digits.',
        default: '0660',
        examples: ['0600'],
        pattern: '^0?[0-7]{3}$',
        allowed: 'three octal digits in quotes, such as "0660"',
      }),
    },
    { description: 'The control socket.' },
  ),
  log: Type.Object(
    {
      level: oneOf(logLevels, {
        description: 'The least important lines that are written.',
        default: 'info',
        examples: ['debug'],
      }),
      format: oneOf(logFormats, {
        description:
          '"text": one readable line per event. "journal": the same with priorities for the systemd journal. ' +
          '"json": one JSON object per line. "auto": "journal" under systemd, else "text", in colours on a terminal.',
        default: 'auto',
        examples: ['json'],
      }),
    },
    { description: 'The log, on standard error.' },
  ),
  state: Type.Object(
    {
      directory: Type.String({
        description:
          'Where the daemon keeps which probe has which port, what probectl enable, disable and rename set, and reservations.',
        default: '/var/lib/probed',
        platformDefault: 'stateDirectory',
        examples: ['/srv/probed'],
        pattern: '^/',
        allowed: 'an absolute path',
      }),
    },
    { description: 'What outlives the daemon.' },
  ),
};

const GLOB = 'text in which * stands for any characters, ? for one, [a-f] for one of a range';

const ruleKeys = {
  uid: Type.Optional(
    Type.String({ description: 'The uid, as a glob.', format: 'glob', allowed: GLOB, examples: ['E661*'] }),
  ),
  usb_id: Type.Optional(
    Type.String({
      description: 'USB vendor and product id, four hexadecimal digits each, as a glob.',
      format: 'usb-id-glob',
      allowed: 'VVVV:PPPP in hexadecimal digits, in which * and ? may stand, such as "0d28:*"',
      examples: ['2e8a:000?'],
    }),
  ),
  product: Type.Optional(
    Type.String({
      description: 'The product string of the USB device, as a glob.',
      format: 'glob',
      allowed: GLOB,
      examples: ['*Debug Probe*'],
    }),
  ),
  usb_path: Type.Optional(
    Type.String({
      description:
        'Bus and ports the device is plugged into, as a glob. "1-2" is a socket, "1-2.*" those of a hub in it.',
      format: 'glob',
      allowed: GLOB,
      examples: ['1-2.*'],
    }),
  ),
};

/** Tables of which there may be several: `[[probe]]`. The default is none. */
export const lists = {
  probe: Type.Object(
    {
      uid: Type.String({
        description: 'Which probe: its uid in full, as probectl list prints it. Required.',
        examples: ['E6616407E3646B29'],
        pattern: '^[^\\s\\x00-\\x1f]([^\\x00-\\x1f]*[^\\s\\x00-\\x1f])?$',
        maxLength: 256,
        allowed: 'the uid of a probe, without spaces around it',
      }),
      name: Type.Optional(
        Type.String({
          description: 'A name that works wherever the uid does.',
          examples: ['bench-left'],
          pattern: '^[A-Za-z0-9][\\w.-]{0,63}$',
          allowed: 'up to 64 letters, digits, "_", "." and "-", the first a letter or digit',
        }),
      ),
      port: Type.Optional(
        Type.Integer({
          description: 'The port it is served on. Without one it keeps the port it got when it was first seen.',
          examples: [5600],
          minimum: 1,
          maximum: MAX_PORT,
        }),
      ),
      enabled: Type.Boolean({
        description: 'false: it is listed, not served.',
        default: true,
        examples: [false],
      }),
      clock_limit: Type.Optional(
        Type.Integer({
          description: 'The fastest SWD or JTAG clock a client may set. A request for more gets this much.',
          unit: 'Hz',
          examples: [4_000_000],
          minimum: 1000,
          maximum: 1_000_000_000,
        }),
      ),
      memory_handles: Type.Boolean({
        description:
          'Gives memory handles to clients that ask for one: fast block access. Stock pyOCD clients fail in "loadmem" ' +
          'when they get one.',
        default: false,
        examples: [true],
      }),
      sharing: oneOf(sharingModes, {
        description:
          '"shared": any number of clients at a time, each with a debug port of its own. ' +
          '"exclusive": one at a time; the "open" of another is refused. "queue": one at a time; others wait for their turn.',
        default: 'shared',
        examples: ['queue'],
      }),
      target: Type.Optional(
        Type.String({
          description: 'The target type behind the probe, for the pyocd commands that probed and probectl print.',
          examples: ['rp2040'],
          pattern: '^\\w[\\w.+/-]*$',
          maxLength: 64,
          allowed: 'a target type by pyOCD\'s name, such as "cortex_m"',
        }),
      ),
    },
    { description: 'What holds for one probe only.' },
  ),
  match: Type.Object(ruleKeys, {
    description:
      'Serve only devices that fit one of these rules; all where there is none. A device fits a rule if every key of ' +
      'the rule fits. Upper and lower case are the same.',
  }),
  ignore: Type.Object(ruleKeys, {
    description: 'Never serve devices that fit one of these rules, whatever [[match]] says.',
  }),
  simulate: Type.Object(
    {
      count: Type.Integer({
        description: 'How many probes of this kind.',
        default: 1,
        examples: [2],
        minimum: 1,
        maximum: MAX_SIMULATED_PROBES,
      }),
      options: Type.Array(Type.String({ minLength: 1 }), {
        description: 'What kind of probe and board: the words that --simulate takes.',
        default: [],
        examples: [['v1']],
        maxItems: 32,
      }),
    },
    { description: 'Simulated probes, to try things out without hardware.' },
  ),
};

export type TableName = keyof typeof tables;
export type ListName = keyof typeof lists;

const strict = { additionalProperties: false };

/** probed.toml as it may be written: everything can be left out. A missing `uid` is found after ajv. */
export const fileSchema = Type.Partial(
  Type.Object({
    listen: Type.Partial(tables.listen, strict),
    limits: Type.Partial(tables.limits, strict),
    access: Type.Partial(tables.access, strict),
    control: Type.Partial(tables.control, strict),
    log: Type.Partial(tables.log, strict),
    state: Type.Partial(tables.state, strict),
    probe: Type.Array(Type.Partial(lists.probe, strict)),
    match: Type.Array(Type.Partial(lists.match, strict)),
    ignore: Type.Array(Type.Partial(lists.ignore, strict)),
    simulate: Type.Array(Type.Partial(lists.simulate, strict)),
  }),
  strict,
);

/** The same with every default filled in. */
export const settingsSchema = Type.Object({
  ...tables,
  probe: Type.Array(lists.probe),
  match: Type.Array(lists.match),
  ignore: Type.Array(lists.ignore),
  simulate: Type.Array(lists.simulate),
});

export type FileSettings = Static<typeof fileSchema>;
export type Settings = Static<typeof settingsSchema>;
