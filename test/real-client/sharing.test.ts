// Stock clients that share a probe, each case for PROBED_SHARING_SECONDS: 0 wrong values, 0 errors.

import assert from 'node:assert/strict';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import {
  commander,
  gdbCommand,
  pyocd,
  pyocdCommand,
  requirePyocd,
  type RunningClient,
  startProgram,
} from '../support/pyocd.js';

const SECONDS = Number(process.env.PROBED_SHARING_SECONDS ?? 2);
/** Starting the clients of a case takes them some seconds each, more on a busy machine. */
const LIMIT_MS = (SECONDS + 60) * 1000;
const elf = path.join(import.meta.dirname, '../fixtures/firmware/counter.elf');

interface LoopOptions {
  readonly port: number;
  readonly target?: string;
  /** Commander commands that come first. */
  readonly first?: readonly string[];
  /** Python: once, and again and again. `wrong` counts what is not as it should be. */
  readonly setup: readonly string[];
  readonly body: readonly string[];
}

/** A stock client in one session, doing the same for `SECONDS`, in the commander's own Python. */
function loop({ port, target = 'cortex_m', first = [], setup, body }: LoopOptions): RunningClient {
  const script = [
    'import time',
    'rounds = wrong = 0',
    ...setup,
    'print("begun", flush=True)',
    `end = time.time() + ${SECONDS}`,
    'while time.time() < end:',
    ...body.map((line) => `    ${line}`),
    '    rounds += 1',
    'print("rounds", rounds, "wrong", wrong, flush=True)',
  ];
  const commands = [...first, `$exec(${JSON.stringify(script.join('\n'))}, globals())`];
  return start([
    ...['cmd', '-u', `remote:localhost:${port}`, '-t', target, '-O', 'resume_on_disconnect=false'],
    ...commands.flatMap((command) => ['-c', command]),
  ]);
}

function start(args: readonly string[]): RunningClient {
  return startProgram(pyocdCommand ?? 'pyocd', args, LIMIT_MS);
}

/** Nothing wrong, and something done. */
async function assertRight(...clients: readonly RunningClient[]): Promise<void> {
  for (const { code, output } of await Promise.all(clients.map((client) => client.finished()))) {
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /Traceback|\bcritical\b|\berror\b/i);
    const [, rounds, wrong] = /rounds (\d+) wrong (\d+)/.exec(output) ?? assert.fail(output);
    assert.equal(Number(wrong), 0, output);
    assert.ok(Number(rounds) > 1, output);
  }
}

const readWords = {
  setup: [
    'words = [0x01020304 * i & 0xffffffff for i in range(100)]',
    'target.write_memory_block32(0x20010100, words)',
  ],
  body: [
    'wrong += target.read_memory_block32(0x20010100, 100) != words',
    'wrong += target.read32(0x20010104) != words[1]',
  ],
} as const;

function writeBytes(memory: string, address: number): { setup: string[]; body: string[] } {
  return {
    setup: [`memory = ${memory}`],
    body: [
      'data = [(rounds * 7 + i) & 0xff for i in range(33)]',
      `memory.write_memory_block8(${address}, data)`,
      `wrong += memory.read_memory_block8(${address}, 33) != data`,
      `memory.write8(${address + 40}, rounds & 0xff)`,
      `wrong += memory.read8(${address + 40}) != rounds & 0xff`,
    ],
  };
}

/** Writes and reads core registers that no other client uses. */
function coreRegisters(...registers: readonly string[]): { first: string[]; setup: string[]; body: string[] } {
  const names = JSON.stringify(registers);
  return {
    first: ['halt'],
    setup: [`names = ${names}`],
    body: [
      'values = [(rounds * 65537 + i * 0x01010101) & 0xffffffff for i in range(len(names))]',
      'target.write_core_registers_raw(names, values)',
      'wrong += target.read_core_registers_raw(names) != values',
      'wrong += target.read_core_registers_raw(list(reversed(names))) != list(reversed(values))',
    ],
  };
}

describe('stock pyOCD clients that share a probe', function () {
  this.timeout(2 * LIMIT_MS);
  let daemon: DaemonProcess;
  let plain: number, secondAp: number, multidrop: number;

  before(async function () {
    requirePyocd(this);
    const probes = ['v2', 'v2,second-ap', 'v2,multidrop'].flatMap((options) => ['--simulate', options]);
    const limitMs = 8 * 2 * LIMIT_MS; // all cases, each as long as it may take
    daemon = DaemonProcess.spawn(['--port', '0', ...probes], undefined, undefined, { limitMs });
    await daemon.printed(3);
    [plain, secondAp, multidrop] = daemon.ports;
  });
  after(() => (daemon as DaemonProcess | undefined)?.[Symbol.asyncDispose]());

  it('words against bytes, on one AP', async () => {
    await using reader = loop({ port: plain, ...readWords });
    await using writer = loop({ port: plain, ...writeBytes('target', 0x20020001) });

    await assertRight(reader, writer);
  });

  it('words on one AP against bytes on another', async () => {
    const other = '[ap for ap in target.dp.aps.values() if ap.address.nominal_address == 1][0]';
    await using reader = loop({ port: secondAp, ...readWords });
    await using writer = loop({ port: secondAp, ...writeBytes(other, 0x20010101) });

    await assertRight(reader, writer);
  });

  it('core registers against core registers', async () => {
    await using first = loop({ port: plain, ...coreRegisters('r0', 'r1', 'r2', 'r3') });
    await first.printed(/begun/); // who connects reads DHCSR and writes it back: a halt in between is undone
    await using second = loop({ port: plain, ...coreRegisters('r4', 'r5', 'r6', 'r7') });

    await assertRight(first, second);
  });

  it('each core of two on one SWD line', async () => {
    const registers = coreRegisters('r4', 'r5', 'r6', 'r7');
    await using first = loop({ port: multidrop, target: 'rp2040_core0', ...registers });
    await using second = loop({ port: multidrop, target: 'rp2040_core1', ...registers });

    await assertRight(first, second);
  });

  it('one leaves, again and again, while the other works', async () => {
    await using reader = loop({ port: plain, ...readWords });
    await reader.printed(/begun/);
    let isOver = false;
    const done = assertRight(reader).finally(() => (isOver = true));

    let visits = 0;
    for (const isRunning = (): boolean => !isOver; isRunning();) {
      const { code, output } = await commander(plain, ['read8 0x20020000 4', 'write16 0x20020000 0x1234']);
      assert.equal(code, 0, output);
      visits++;
    }

    await done;
    assert.ok(visits > 0);
  });

  it('a gdbserver for each core of two', async function () {
    const gdb = gdbCommand ?? this.skip();
    const cores = ['rp2040_core0', 'rp2040_core1'];
    const servers = cores.map((core) =>
      start(['gdbserver', '-u', `remote:localhost:${multidrop}`, '-t', core, '-p', '0', '-T', '0']),
    );
    await using first = servers[0];
    await using second = servers[1];

    const sessions = [];
    for (const [i, server] of [first, second].entries()) {
      const at = 0x20010000 + i * 0x1000;
      const script = [
        ...gdbStart(await gdbPort(server)),
        'set $n = 0',
        'set $wrong = 0',
        ...untilOver,
        `set $r6 = $n + ${i * 1000}`,
        `set var *(int *) ${at} = $n * 3`,
        `set var *(char *) ${at + 5} = $n & 0x7f`,
        'maint flush register-cache',
        `if $r6 != $n + ${i * 1000}`,
        ...['set $wrong = $wrong + 1', 'end'],
        `if *(int *) ${at} != $n * 3 || *(char *) ${at + 5} != ($n & 0x7f)`,
        ...['set $wrong = $wrong + 1', 'end'],
        ...['set $n = $n + 1', isOver],
        'end',
        'printf "rounds %d wrong %d\\n", $n, $wrong',
        ...['kill', 'quit'],
      ];
      sessions.push(startGdb(gdb, script));
    }

    await assertRight(...sessions);
  });

  it('RTT beside a gdb that steps and stops', async function () {
    const gdb = gdbCommand ?? this.skip();
    const target = ['-u', `remote:localhost:${plain}`, '-t', 'stm32f051'];
    for (const command of [
      ['flash', ...target, elf],
      ['reset', ...target],
    ]) {
      const { code, output } = await pyocd(...command);
      assert.equal(code, 0, output);
    }
    const rtt = [pyocdCommand, 'rtt', ...target, '-a', '0x20000000', '-s', '0x1000'].join(' ');
    await using terminal = startProgram('script', ['-qec', rtt, '/dev/null'], LIMIT_MS);
    await terminal.printed(/hello from the board\r?\n/);
    await using server = start(['gdbserver', ...target, '-p', '0', '-T', '0']);
    const session = startGdb(
      gdb,
      [
        ...gdbStart(await gdbPort(server)),
        'break square',
        'set $n = 0',
        'set $wrong = 0',
        'set $last = -1',
        ...untilOver,
        'continue',
        'if $last >= 0 && value != $last + 1',
        ...['set $wrong = $wrong + 1', 'end'],
        'set $last = value',
        ...['set $n = $n + 1', isOver],
        'end',
        'printf "rounds %d wrong %d\\n", $n, $wrong',
        ...['delete', 'detach', 'quit'],
      ],
      elf,
    );

    await assertRight(session);
    for (const key of ['x', 'y']) {
      terminal.process.stdin?.write(key);
      await terminal.printed(new RegExp(`board\\s[^]*${key}[^]*${key}`));
    }
  });
});

/** Sets $over, with gdb's own Python, once `SECONDS` have gone by since `untilOver`. */
const isOver = 'python gdb.execute(f"set $over = {int(time.monotonic() > end)}")';
const untilOver = ['python import time', `python end = time.monotonic() + ${SECONDS}`, 'set $over = 0', 'while !$over'];

async function gdbPort(server: RunningClient): Promise<string> {
  const pattern = /GDB server (?:listening|started) on port (\d+)/;
  await server.printed(pattern);
  return pattern.exec(server.output)?.[1] ?? '';
}

function gdbStart(port: string): string[] {
  return ['set confirm off', 'set pagination off', `target extended-remote :${port}`, 'monitor halt'];
}

/** Commands on standard input: loops span lines. */
function startGdb(gdb: string, script: readonly string[], ...files: readonly string[]): RunningClient {
  const client = startProgram(gdb, ['-q', '-nx', ...files], LIMIT_MS);
  client.process.stdin?.end(`${script.join('\n')}\n`);
  return client;
}
