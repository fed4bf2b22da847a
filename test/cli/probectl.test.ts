import assert from 'node:assert/strict';
import path from 'node:path';
import { RequestError } from '../../src/base/errors.js';
import { parseCommandLine } from '../../src/cli/command-line.js';
import { commandTexts } from '../../src/cli/command-texts.js';
import { parseWait } from '../../src/cli/option-values.js';
import { commands } from '../../src/control/commands.js';
import { ControlWorld } from '../control/control-world.js';
import { client, probe, reservation } from '../control/fake-daemon.js';
import { run } from './cli-world.js';

describe('probectl status', () => {
  it('is a table of 80 columns at most, with a line for each problem', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [
      probe('0240000034544e45001b00028aa9001a97969900', { name: 'bench', state: 'in-use', clients: 2 }),
      probe('0240000034544e45001b00028aa9001a97969901', {
        port: 5556,
        product: 'Debug Probe (CMSIS-DAP) of a long name',
      }),
      probe('E6614103E7', { port: 5557, state: 'no-permission' }),
      probe('usb-1-2.4', { name: 'left-corner-of-the-lab', state: 'absent', port: 65535 }),
    ];
    world.daemon.problems = [
      { uid: 'E6614103E7', what: 'no permission for 0d28:0204', remedy: 'run "probectl doctor"' },
      { what: 'the state directory cannot be written', remedy: 'free space on /var' },
    ];

    const { code, stdout } = await run(world.path, ['status']);

    assert.equal(code, 0);
    assert.equal(
      stdout,
      `probed 0.1.0, pid 4711, up 1h

NAME      UID        PROBE                   PORT  STATE          CLIENTS  SINCE
bench     0240…9900  DAPLink CMSIS-DAP       5555  in use               2     1h
-         0240…9901  Debug Probe (CMSIS-D…   5556  ready                0     1h
-         E661…03E7  DAPLink CMSIS-DAP       5557  no permission        0     1h
left-co…  usb-1-2.4  DAPLink CMSIS-DAP      65535  absent               0     1h

! E6614103E7: no permission for 0d28:0204: run "probectl doctor"
! the state directory cannot be written: free space on /var
`,
    );
    for (const line of stdout.split('\n').slice(0, 7)) assert(line.length <= 80, `${line.length} columns: ${line}`);
  });

  it('says so when there is nothing', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [];

    assert.equal((await run(world.path, ['status'])).stdout, 'probed 0.1.0, pid 4711, up 1h\n\nno probes\n');
  });

  it('is JSON with a version on demand', async () => {
    await using world = await ControlWorld.start();

    const { stdout } = await run(world.path, ['status', '--json']);

    assert.deepEqual(JSON.parse(stdout), { version: 1, command: 'status', result: world.daemon.status() });
  });

  it('counts those who wait, and has a column for reservations where there are any', async () => {
    await using world = await ControlWorld.start();
    const row = probe('A1', { state: 'in-use', clients: 3, waiting: 2 });
    world.daemon.rows = [{ ...row, reservation }, probe('A2')];

    const lines = (await run(world.path, ['status'])).stdout.split('\n');

    assert.match(lines[2], /CLIENTS +SINCE +RESERVED$/);
    assert.match(lines[3], / 3, 2 wait +1h +user:bob 10m$/);
    assert.match(lines[4], / 0 +1h +-$/);
  });

  it('is coloured on a terminal, and not where NO_COLOR is set', async () => {
    await using world = await ControlWorld.start();
    let written = '';
    const stdout = { write: (text: string) => void (written += text), isTerminal: true, columns: 80 };

    await run(world.path, ['status'], { stdout });
    assert.match(written, /\x1b\[32mready\x1b\[0m/); // prettier-ignore
    written = '';
    await run(world.path, ['status'], { stdout, env: { NO_COLOR: '1' } });
    assert.doesNotMatch(written, /\x1b/); // prettier-ignore
  });

  it('lets no text of a device reach the terminal as a command', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [probe('A1', { product: 'evil\x1b[2J' })];

    assert.match((await run(world.path, ['status'])).stdout, /evil\?\[2J/);
  });

  it('is shown again with --watch when it changes, until Ctrl-C', async () => {
    await using world = await ControlWorld.start();
    const interrupt = new AbortController();
    let written = '';
    const stdout = {
      isTerminal: false,
      columns: undefined,
      write(text: string) {
        written += text;
        if (text.includes('clients') || written.includes('in use')) interrupt.abort();
        world.daemon.rows = [probe('A1', { state: 'in-use', clients: 1 })];
      },
    };

    const { code } = await run(world.path, ['status', '--watch'], { stdout, signal: interrupt.signal });

    assert.equal(code, 0);
    assert.match(written, /ready[\s\S]*\n\nprobed[\s\S]*in use/);
  });
});

describe('probectl show', () => {
  it('prints all that is known', async () => {
    await using world = await ControlWorld.start();
    world.daemon.details = {
      usb: { path: '1-2.4', vid: 0x0d28, pid: 0x0204, serial: 'A1' },
      wireProtocol: 'SWD',
      lastOpen: {
        at: '2026-01-01T00:30:00.000Z',
        capabilities: ['SWD', 'JTAG', 'SWO'],
        firmware: '0257',
        packetSizeBytes: 512,
        packetCount: 4,
      },
      clients: [client],
      settings: [
        { key: 'clock_limit', value: '"4 MHz"', from: '/etc/probed/probed.toml:12:1' },
        { key: 'sharing', value: 'queue', from: '/etc/probed/probed.toml:13:1', still: 'shared' },
      ],
      errors: [
        { at: '2026-01-01T00:59:30.000Z', error: 'the probe does not answer' },
        { at: '2026-01-01T00:59:58.000Z', error: 'no ACK from the target', times: 30 },
      ],
    };

    const { stdout } = await run(world.path, ['show', 'bench']);

    assert.equal(
      stdout,
      `uid       A1
name      bench
probe     Arm DAPLink CMSIS-DAP
family    cmsis-dap
state     ready for 1h
port      5555 on 127.0.0.1, ::1
usb       1-2.4, 0d28:0204, serial A1
target    connected with SWD
pyocd     -u remote:localhost:5555
opened    30m ago
firmware  0257
abilities SWD, JTAG, SWO
packets   512 bytes, 4 ahead

CLIENT  ADDRESS          WHO       SINCE  REQUESTS   BYTES  HOLDS
     7  127.0.0.1:40312  user:ada     1h      1433  151000  lock

clock_limit = "4 MHz"  (/etc/probed/probed.toml:12:1)
sharing = queue  (/etc/probed/probed.toml:13:1; shared until its last client leaves)

30s ago: the probe does not answer
2s ago: no ACK from the target (30 times)
`,
    );
  });

  it('prints the reservation, and who waits, the next first', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [{ ...probe('A1'), reservation }];
    const since = '2026-01-01T00:59:00.000Z';
    world.daemon.details = {
      queue: [
        { client: 9, principal: 'user:eve', address: '127.0.0.1:4001', since },
        { client: 8, principal: 'addr:192.0.2.7', address: '192.0.2.7:4000', since },
      ],
    };

    const { stdout } = await run(world.path, ['show', 'A1']);

    assert.match(stdout, /^reserved {2}for user:bob until 2026-01-01T01:10:00.000Z, 10m from now: tests$/m);
    assert.match(
      stdout,
      /WAITS {2}CLIENT {2}ADDRESS +WHO +SINCE\n +1 +9 {2}127\.0\.0\.1:4001 +user:eve +1m\n +2 +8 {2}192\.0\.2\.7:4000 +addr:192\.0\.2\.7 +1m\n/,
    );
  });

  it('says what clients of one probe have in common', async () => {
    await using world = await ControlWorld.start();
    const clients = [client, { ...client, client: 8, lockDepth: 0 }];
    world.daemon.details = { probe: probe('A1'), clients, settings: [], errors: [] };

    assert.match(
      (await run(world.path, ['show', 'A1'])).stdout,
      /Each client has a DAP of its own[^]*flash are those of all/,
    );
  });

  it('says what each client holds', async () => {
    await using world = await ControlWorld.start();
    const none = { ...client, lockDepth: 0 };
    const clients = [
      { ...client, holdsReset: true, capturesSwo: true },
      { ...none, capturesSwo: true },
      none,
      { ...none, open: false },
    ];
    world.daemon.details = { probe: probe('A1'), clients, settings: [], errors: [] };

    const { stdout } = await run(world.path, ['show', 'A1']);

    const [, ...rows] = (stdout.match(/CLIENT .*\n([^\n]+\n)*/)?.[0] ?? '').trimEnd().split('\n');
    assert.deepEqual(
      rows.map((row) => row.slice(row.indexOf('151000') + 8)),
      ['lock, SWO, nRESET', 'SWO', 'open', '-'],
    );
  });

  it('says what is not known yet', async () => {
    await using world = await ControlWorld.start();

    assert.match((await run(world.path, ['show', 'A2'])).stdout, /opened {4}not opened yet\n\nno clients\n$/);
  });
});

describe('another command of probectl', () => {
  const rows: readonly (readonly [line: string, stdout: string])[] = [
    ['list', 'UID  NAME   PYOCD\nA1   bench  -u remote:localhost:5555\nA2   -      -u remote:localhost:5556\n'],
    [
      'ports',
      'ports 5555 to 5655: 2 given away, 99 free\n\nPORT  UID  NAME   PROBE\n5555  A1   bench  present\n5556  A2   -      present\n',
    ],
    ['reload', 'nothing changed\n'],
    ['kick A1', 'dropped client 7, user:ada (127.0.0.1:40312)\n'],
    ['kick A1 7', 'dropped client 7, user:ada (127.0.0.1:40312)\n'],
    [
      'reserve A1 --for 10m --as user:bob',
      'A1 is reserved for user:bob until 2026-01-01T01:10:00.000Z, 10m from now: tests\n' +
        'client 7, user:ada (127.0.0.1:40312) has it open, and keeps it until it closes: "probectl kick" ends that\n',
    ],
    ['extend A1 --for 1h', 'A1 is reserved for user:bob until 2026-01-01T01:10:00.000Z, 10m from now: tests\n'],
    ['release A1', 'A1 is not reserved for user:bob any more\n'],
    ['enable A1', 'A1 is enabled\n'],
    ['disable bench', 'A1 is disabled\n'],
    ['rename A2 left', 'A2 is called left\n'],
    ['forget A2', 'A2 is forgotten, port 5555 is free\n'],
    ['ping', 'probed answers, pid 4711\n'],
    ['version', 'probectl 0.2.0\nprobed 0.1.0, control protocol 1, pid 4711\n'],
  ];
  for (const [line, stdout] of rows) {
    it(line, async () => {
      await using world = await ControlWorld.start();

      assert.deepEqual(await run(world.path, line.split(' ')), { code: 0, stdout, stderr: '' });
    });
  }

  it('takes a uid that begins with "-" behind "--"', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [probe('-X1')];
    const rest: Partial<Record<string, readonly string[]>> = { rename: ['left'] };
    const options: Partial<Record<string, readonly string[]>> = {
      reserve: ['--for', '1m', '--as', 'user:bob'],
      extend: ['--for', '1m'],
    };
    for (const { name } of commands.filter(({ name }) => commandTexts[name].positions.some((at) => at === 'probe'))) {
      const line = [name, ...(options[name] ?? []), '--', '-X1', ...(rest[name] ?? [])];
      const { code, stderr } = await run(world.path, line);
      assert.deepEqual([code, stderr], [0, ''], line.join(' '));
    }
    const parse = (...args: string[]): object => parseCommandLine(args, '', 80);
    const common = { json: false };
    const wait = parseWait(undefined);
    assert.deepEqual(
      [
        parse('run', '--plain', '--', '-X1', '--', 'pyocd', '--', '-x'),
        parse('forward', '--', '-X1'),
        parse('dial-stdio', '--probe', '-X1'),
      ],
      [
        { action: 'run', probe: '-X1', command: ['pyocd', '--', '-x'], wait, plain: true, common },
        { action: 'forward', probe: '-X1', port: undefined, wait, plain: false, common },
        { action: 'dial-stdio', probe: '-X1', common },
      ],
    );
  });

  it('ports counts those of the range, and says where there is none', async () => {
    await using world = await ControlWorld.start();
    world.daemon.range = { first: 5556, last: 5560 };
    assert.match(
      (await run(world.path, ['ports'])).stdout,
      /^ports 5556 to 5560: 1 given away, 4 free, and 1 outside\n/,
    );

    world.daemon.range = { first: 0, last: 255 };

    assert.match(
      (await run(world.path, ['ports'])).stdout,
      /^ports that the system chooses at every start: 2 in use\n/,
    );
  });

  for (const [what, line, sentence] of [
    ['settings', 'disable A1', 'A1 is disabled'],
    ['reservations', 'reserve A1 --for 10m --as user:bob', 'A1 is reserved for user:bob until .*'],
    ['reservations', 'extend A1 --for 10m', 'A1 is reserved for user:bob until .*'],
    ['reservations', 'release A1', 'A1 is not reserved for user:bob any more'],
  ] as const) {
    it(`${line} says where it does not outlive the daemon why, and fails`, async () => {
      await using world = await ControlWorld.start();
      world.daemon.unkeptReasons[what] = 'the disk is full';

      const { code, stdout } = await run(world.path, line.split(' '));

      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`^${sentence}\nonly until the daemon stops: the disk is full\n`));
    });
  }

  it('rename takes a name back when the new one is empty', async () => {
    await using world = await ControlWorld.start();

    assert.equal((await run(world.path, ['rename', 'A1', ''])).stdout, 'A1 has no name any more\n');
    assert.deepEqual(world.daemon.calls, [['rename', 'A1', undefined, undefined]]);
  });

  it('takes a uid that is all digits as it was typed', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [probe('0010')];

    assert.equal((await run(world.path, ['enable', '0010'])).code, 0);
    assert.deepEqual(world.daemon.calls, [['setEnabled', '0010', true, undefined]]);
  });

  it('reload prints the complaints, and fails', async () => {
    await using world = await ControlWorld.start();
    world.daemon.reloaded = { applied: false, complaints: ['probed.toml:3:1: unknown key "prot"'] };

    const { code, stdout } = await run(world.path, ['reload', '--now']);

    assert.equal(code, 1);
    assert.equal(stdout, 'probed.toml:3:1: unknown key "prot"\nthe config is wrong: nothing was changed\n');
    assert.deepEqual(world.daemon.calls, [['reload', true, undefined]]);
  });

  it('events prints them as they come, a line each', async () => {
    await using world = await ControlWorld.start();
    world.daemon.events.add({
      type: 'client-in',
      uid: 'A1',
      client: 7,
      address: '127.0.0.1:40312',
      principal: 'user:ada',
    });
    world.daemon.events.add({ type: 'failed', uid: 'A1', error: 'port 5555 is taken' });
    const [{ time }, { time: later }] = world.daemon.events.since(0);
    for (const json of [false, true]) {
      const interrupt = new AbortController();
      const lines: string[] = [];
      const write = (text: string): void => {
        if (lines.push(text) === 2) interrupt.abort();
      };
      const stdout = { write: (text: string) => text === '' || write(text), isTerminal: false, columns: undefined };
      const args = ['events', '--since', '0', ...(json ? ['--json'] : [])];

      assert.equal((await run(world.path, args, { stdout, signal: interrupt.signal })).code, 0);

      if (json) assert.deepEqual(JSON.parse(lines[1]), { version: 1, ...world.daemon.events.since(1)[0] });
      else {
        assert.deepEqual(lines, [
          `1 ${time} client-in uid=A1 client=7 address=127.0.0.1:40312 principal=user:ada\n`,
          `2 ${later} failed uid=A1 error="port 5555 is taken"\n`,
        ]);
      }
    }
  });
});

describe('probectl that cannot do what it is asked', () => {
  it('says how to start the daemon when none answers: 3', async () => {
    await using world = await ControlWorld.empty();

    const { code, stderr } = await run(world.path, ['status']);

    assert.equal(code, 3);
    assert.equal(stderr, `probectl: no daemon answers on ${world.path}: start it with "sudo systemctl start probed"\n`);
  });

  it('names the nearest probes when there is none of that name: 4', async () => {
    await using world = await ControlWorld.start();

    assert.deepEqual(await run(world.path, ['show', 'bnech']), {
      code: 4,
      stdout: '',
      stderr: 'probectl: no probe is called "bnech": did you mean bench?\n',
    });
    assert.deepEqual(await run(world.path, ['show', 'a']), {
      code: 4,
      stdout: '',
      stderr: 'probectl: "a" could be any of 2 probes: bench, A2\n',
    });
    assert.match((await run(world.path, ['show', 'zzzzzz'])).stderr, /"probectl list" shows all/);
  });

  it('passes on what the daemon says against it: 1', async () => {
    await using world = await ControlWorld.start();
    world.daemon.failure = new RequestError('enabled is set in /etc/probed/probed.toml:7: change it there');

    const { code, stderr } = await run(world.path, ['disable', 'A1']);

    assert.equal(code, 1);
    assert.equal(stderr, 'probectl: enabled is set in /etc/probed/probed.toml:7: change it there\n');
  });

  const wrong: readonly (readonly [args: readonly string[], stderr: string])[] = [
    [[], 'a command is missing: see probectl --help'],
    [['stauts'], 'there is no command stauts: did you mean status?'],
    [['kick'], 'kick: something is missing: it is called as probectl kick <probe> [client]'],
    [['kick', 'A1', 'x'], 'kick: client "x" does not fit: the number of a client, as `show` prints it'],
    [
      ['rename', 'A1', 'no blanks'],
      'rename: name "no blanks" does not fit: up to 64 letters, digits, "_", "." and "-", the first a letter or digit; empty takes the name back',
    ],
    [['reserve', 'A1'], 'reserve: --for is missing: see probectl reserve --help'],
    [['reserve', 'A1', '--for', '10'], 'reserve: --for "10" does not fit: how long: "90s", "10m", "1h30m", "2d"'],
    [
      ['reserve', 'A1', '--for', '10m', '--as', 'ada'],
      'reserve: --as "ada" does not fit: whom to reserve it for: user:NAME, uid:NUMBER or addr:ADDRESS; you, if left out',
    ],
    [['extend', 'A1', '--for', '1m', '--for', '2m'], 'extend: --for is given 2 times: give it once'],
    [['status', '--jsno'], 'unknown option --jsno: did you mean --json?'],
    [['--socket', 'x', 'frobnicate'], 'there is no command frobnicate: see probectl --help'],
    [['run'], 'run: something is missing: it is called as probectl run <probe>'],
    [
      ['show', '-X1'],
      'show: something is missing: it is called as probectl show <probe>, and -X1 is no option: a probe of that name comes after "--"',
    ],
    [['run', '--', 'true'], 'run: something is missing: it is called as probectl run <probe>'],
    [['ports', '--', '-X1'], 'ports: -X1 is too much: it is called as probectl ports'],
    [['kick', '--', 'A1', '-X1'], 'kick: client "-X1" does not fit: the number of a client, as `show` prints it'],
    [['ports', 'A1'], 'ports: A1 is too much: it is called as probectl ports'],
    [['reload', '--nwo'], 'unknown option --nwo: did you mean --now?'],
    [['service', 'install', '--dry-rnu'], 'unknown option --dry-rnu: did you mean --dry-run?'],
    [['status', '--socket', 'a', '--socket', 'b'], '--socket is given several times: give it once'],
  ];
  for (const [args, message] of wrong) {
    it(`does not understand "${args.join(' ')}": 2`, async () => {
      assert.deepEqual(await run('/nowhere', args), { code: 2, stdout: '', stderr: `probectl: ${message}\n` });
    });
  }
});

describe('the daemon that probectl talks to', () => {
  it('is the one of --socket, then of PROBED_SOCKET, then where one answers', async () => {
    await using world = await ControlWorld.start();
    const nowhere = path.join(world.directory, 'none.sock');

    assert.equal((await run(nowhere, ['ping', '--socket', world.path])).code, 0);
    assert.equal((await run(nowhere, ['ping'], { env: { PROBED_SOCKET: world.path } })).code, 0);
    assert.equal((await run(world.path, ['ping'], { env: { PROBED_SOCKET: nowhere } })).code, 3);
    assert.equal((await run(nowhere, ['ping'], { sockets: [nowhere, world.path] })).code, 0);
  });
});

describe('probectl --help', () => {
  it('names every command with its summary, without a daemon', async () => {
    const { code, stdout } = await run('/nowhere', ['--help']);

    assert.equal(code, 0);
    assert.match(stdout, /probectl kick <probe> \[client\] {2}Drops a client of a probe, or all of them\./);
    assert(stdout.split('\n').every((line) => line.length <= 80));
  });
});
