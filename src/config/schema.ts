// Every key of probed.toml, declared once: `[tables]` in tables.ts, `[[lists]]` here. The TypeScript types of the file, the
// validator, docs/configuration.md and etc/probed.toml are all read from them.

import { type Static, Type } from 'typebox';
import { GIVEN_NAME } from '../base/given-name.js';
import { allowList, MAX_PORT, MAX_SIMULATED_PROBES, oneOf } from './schema-parts.js';
import { tables } from './tables.js';

const sharingModes = ['shared', 'exclusive', 'queue'] as const;

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
          pattern: `^${GIVEN_NAME.pattern}$`,
          allowed: GIVEN_NAME.allowed,
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
      allow_remote: Type.Optional(
        allowList({
          description:
            'Which other machines may connect to this probe, in place of those of [listen]; an empty list: none. ' +
            '--allow-remote on the command line goes over it.',
          examples: [['192.0.2.7']],
        }),
      ),
      clock_limit: Type.Optional(
        Type.Integer({
          description:
            'The fastest SWD or JTAG clock a client may set. A request for more gets this much. It makes no clock faster: ' +
            'where no client has asked for one, it is 1 MHz, or this if it is less.',
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
      posted_writes: Type.Boolean({
        description:
          'Acknowledges a write before it is executed, and sends it with the next read, within 1 ms at most. An error is ' +
          'told by the next request that may fail. false: every write is executed before it is answered.',
        default: true,
        examples: [false],
      }),
      packets_in_flight: Type.Optional(
        Type.Integer({
          description: 'How many packets the probe gets to hold at once. Without it as many as it says it can.',
          examples: [1],
          minimum: 1,
          maximum: 255,
        }),
      ),
      sharing: oneOf(sharingModes, {
        description:
          '"shared": any number of clients at a time, each with a debug port of its own. ' +
          '"exclusive": one at a time; the "open" of another is refused. "queue": one at a time; others wait for their turn. ' +
          'A change holds at once, and takes the probe from nobody who has it open.',
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
    { description: 'Simulated probes, to try things out without hardware. A change holds from the next start on.' },
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
    audit: Type.Partial(tables.audit, strict),
    control: Type.Partial(tables.control, strict),
    families: Type.Partial(tables.families, strict),
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
