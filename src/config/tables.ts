import { Type } from 'typebox';
import { logLevels } from '../base/logger.js';
import { allowList, MAX_PORT, oneOf } from './schema-parts.js';

/** `auto`: priorities for the journal under systemd, else text, in colours on a terminal. */
export const logFormats = ['auto', 'text', 'journal', 'json'] as const;

const refusals = ['reset', 'polite'] as const;

/** Tables of which there is one: `[listen]`. Every key has a default. */
export const tables = {
  listen: Type.Object(
    {
      addresses: Type.Array(Type.String({ format: 'address' }), {
        description:
          'The addresses every probe is served on. "localhost" is both loopback addresses, 127.0.0.1 and ::1. ' +
          'Where this is not set: every address of the machine for probes that allow_remote opens to somebody.',
        default: ['localhost'],
        examples: [['127.0.0.1']],
        minItems: 1,
        maxItems: 64,
      }),
      allow_remote: allowList({
        description:
          'Which other machines may connect, by address or network: ["192.0.2.7", "2001:db8::/64"]; ["any"]: all. ' +
          'Empty: only this machine. Whoever can connect can read and program the boards: there is no password.',
        default: [],
        examples: [['192.0.2.7', '192.0.2.128/25', '2001:db8::/64']],
      }),
      advertise: Type.Boolean({
        description:
          'Tells the network of the probes that other machines can use, by multicast DNS, so that "probectl list --all" ' +
          'finds them there. Nothing is told of those that allow_remote opens to nobody.',
        default: true,
        examples: [false],
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
        description: 'How many clients one probe may have at a time. One more is told so with its first request.',
        default: 32,
        examples: [4],
        minimum: 1,
        maximum: 1024,
      }),
      clients_per_address: Type.Integer({
        description:
          'How many clients one probe may have from one other machine, by its address, at a time. Users of this ' +
          'machine are not counted.',
        default: 24,
        examples: [2],
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
          'How long the machine of a client may be unreachable until the client is taken for dead, or up to a second less. ' +
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
      refusal: oneOf(refusals, {
        description:
          'What another machine meets that allow_remote does not name. "reset": its connection is reset before a byte ' +
          'is read, and it gets none. "polite": whatever it requests is answered by a sentence that says who decides.',
        default: 'reset',
        examples: ['polite'],
      }),
      queue_timeout: Type.Number({
        description:
          'How long the "open" of a client may wait for its turn where sharing is "queue". A change holds at once, also for ' +
          'clients that wait.',
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
  audit: Type.Object(
    {
      file: Type.String({
        description:
          'Where the audit log is written: an absolute path. Empty: nowhere. Its directory is made if it is not there. ' +
          'With simulated probes it is written only where this is set.',
        default: '/var/log/probed/audit.jsonl',
        platformDefault: 'auditFile',
        examples: ['/srv/log/probed-audit.jsonl'],
        pattern: '^(/.*)?$',
        allowed: 'an absolute path, or ""',
      }),
      file_bytes: Type.Integer({
        description:
          'How large the file may grow. Then it is put aside: with ".1" behind its name, an older one with ".2".',
        unit: 'bytes',
        default: 10 * 1024 * 1024,
        examples: [1024 * 1024],
        minimum: 4096,
        maximum: 1024 ** 3,
      }),
      files: Type.Integer({
        description: 'How many files there are at most, the one that is written included.',
        default: 5,
        examples: [2],
        minimum: 2,
        maximum: 100,
      }),
    },
    {
      description:
        'The audit log: who was let in, kept out, dropped, and who reserved what; a JSON object per line, readable for the ' +
        'group the daemon runs as.',
    },
  ),
  control: Type.Object(
    {
      socket: Type.String({
        description: 'The socket probectl talks to: an absolute path. A change holds from the next start on.',
        default: '/run/probed/control.sock',
        platformDefault: 'controlSocket',
        examples: ['/run/lab/control.sock'],
        pattern: '^/',
        allowed: 'an absolute path',
      }),
      group: Type.String({
        description:
          'The group whose members may use probectl. Empty: the group the daemon runs as. A change holds from the next start on.',
        default: '',
        examples: ['plugdev'],
        pattern: '^[\\w.-]*$',
        allowed: 'the name of a group, or ""',
      }),
      mode: Type.String({
        description: 'The permissions of the socket, in octal digits. A change holds from the next start on.',
        default: '0660',
        examples: ['0600'],
        pattern: '^0?[0-7]{3}$',
        allowed: 'three octal digits in quotes, such as "0660"',
      }),
    },
    { description: 'The control socket.' },
  ),
  families: Type.Object(
    {
      off: Type.Array(Type.String({ minLength: 1 }), {
        description:
          'Families of probes that are listed and not served, and so left to other programs. "probectl show" has the ' +
          'family of a probe.',
        default: [],
        examples: [['cmsis-dap']],
        maxItems: 16,
      }),
    },
    { description: 'Which kinds of probes are served.' },
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
          '"json": one JSON object per line. "auto": "journal" under systemd, else "text", in colours on a terminal. A change holds from the next start on.',
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
          'Where the daemon keeps which probe has which port, what probectl enable, disable and rename set, and reservations. ' +
          'A change holds from the next start on.',
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
