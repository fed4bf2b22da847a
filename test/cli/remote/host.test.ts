import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseAddress, parseWait } from '../../../src/cli/option-values.js';
import { hostAt } from '../../../src/cli/remote/host.js';
import { UsageError } from '../../../src/cli/report-error.js';
import { loadHosts } from '../../../src/config/client-config.js';
import { ControlWorld } from '../../control/control-world.js';
import { run } from '../cli-world.js';

describe('a host', () => {
  for (const [address, destination, port] of [
    ['ssh://lab', 'lab', undefined],
    ['ssh://ada@lab.example:2222', 'ada@lab.example', '2222'],
    ['ssh://ada@[fe80::1%eth0]:22/', 'ada@fe80::1%eth0', '22'],
  ] as const) {
    it(`is reached over ssh: ${address}`, () => {
      assert.deepEqual(hostAt({ address }), {
        ...{ kind: 'ssh', destination, probectl: 'probectl' },
        ...(port !== undefined && { port }),
      });
    });
  }

  it('is reached through a path', () => {
    assert.deepEqual(hostAt({ address: 'unix:///run/p/control.sock' }), {
      ...{ kind: 'local', sockets: ['/run/p/control.sock'] },
    });
  });

  for (const address of ['ssh://', 'ssh://-oProxyCommand=x', 'ssh://a b', 'ssh://x@-y', 'unix://run', 'tcp://lab:1']) {
    it(`is none: ${address}`, () => assert.throws(() => hostAt({ address }), UsageError));
  }

  it('is chosen by --host, then by PROBED_HOST, and not together with --socket', async () => {
    await using world = await ControlWorld.start();
    const here = `unix://${world.path}`;

    assert.equal((await run('/nowhere', ['--host', here, 'ping'])).code, 0);
    assert.equal((await run('/nowhere', ['ping'], { env: { PROBED_HOST: here } })).code, 0);
    assert.equal((await run('/nowhere', ['--host', here, 'ping'], { env: { PROBED_HOST: 'unix:///no' } })).code, 0);
    assert.equal((await run('/nowhere', ['--host', here, '--socket', world.path, 'ping'])).code, 2);
  });
});

describe('a command about the machine it runs on', () => {
  for (const command of [['doctor'], ['service', 'status']]) {
    it(`is refused for another one, and says how to run it there: ${command.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run('/nowhere', ['--host', 'ssh://ada@lab:2222', ...command]);

      const there = `ssh -p 2222 ada@lab probectl ${command[0]}`;
      assert.deepEqual(
        [code, stdout, stderr],
        [2, '', `probectl: ${command[0]}: only for this machine; for that one: ${there}\n`],
      );
    });
  }

  it('does not look at PROBED_HOST', async () => {
    await using world = await ControlWorld.start();

    const { stdout } = await run(world.path, ['doctor'], { env: { PROBED_HOST: 'ssh://no-such-host.invalid' } });

    assert.match(stdout, /^ok +probed .* answers/m);
  });
});

describe('the names of hosts', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-hosts-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (text: string): string => {
    const file = path.join(folder, 'probectl.toml');
    writeFileSync(file, text);
    return file;
  };

  it('come from the first file that is there', () => {
    const file = write('[hosts]\nlab = "ssh://lab"\nbench = { address = "ssh://b", probectl = "/opt/probectl" }\n');

    assert.deepEqual(
      [...loadHosts([path.join(folder, 'none.toml'), file])],
      [
        ['lab', { address: 'ssh://lab' }],
        ['bench', { address: 'ssh://b', probectl: '/opt/probectl' }],
      ],
    );
    assert.equal(loadHosts([path.join(folder, 'none.toml')]).size, 0);
  });

  it('are told with file, line and column where they are wrong', async () => {
    const file = write('[hosts]\nlab = 5\n[host]\n');

    const { code, stderr } = await run('/nowhere', ['--host', 'lab', 'ping'], { hostFiles: [file] });

    assert.equal(code, 2);
    assert.match(stderr, new RegExp(`${file}:2:1: hosts.lab is wrong: allowed is .*\n.*${file}:3:1: unknown table`));
  });

  it('are proposed where a name is mistyped', async () => {
    const file = write('[hosts]\nlab-left = "ssh://lab"\n');

    const { code, stderr } = await run('/nowhere', ['--host', 'lab-lft', 'ping'], { hostFiles: [file] });

    assert.deepEqual([code, stderr.endsWith('did you mean lab-left?\n')], [2, true]);
  });

  it('are told of with the variable that has a wrong one', async () => {
    for (const [wrong, what] of [
      ['lab', 'no host is called lab in any file: write ssh://lab'],
      ['http://lab', 'http://lab is no host: write ssh://[user@]host[:port] or unix:///path'],
    ]) {
      const { code, stderr } = await run('/nowhere', ['ping'], { env: { PROBED_HOST: wrong } });

      assert.deepEqual([code, stderr], [2, `probectl: PROBED_HOST: ${what}\n`]);
    }
  });

  it('are listed with their probes by list --all, and with what is wrong of those that do not answer', async () => {
    await using world = await ControlWorld.start();
    const file = write(`[hosts]\nlab = "unix://${world.path}"\ndead = "unix:///nowhere/at/all"\n`);

    const { code, stdout } = await run(world.path, ['list', '--all'], { hostFiles: [file] });

    assert.equal(code, 0);
    assert.match(stdout, /^lab +A1 +bench +probectl run --host lab A1 -- pyocd cmd$/m);
    assert.match(stdout, /^dead: no daemon answers on \/nowhere\/at\/all/m);
    const json = JSON.parse((await run(world.path, ['list', '--all', '--json'], { hostFiles: [file] })).stdout) as {
      result: { probes: { host?: string }[]; problems: unknown[] };
    };
    assert.deepEqual(json.result.probes.map(({ host }) => host), [undefined, undefined, 'lab', 'lab']); // prettier-ignore
    assert.equal(json.result.problems.length, 1);
    for (const form of ['pyocd', 'vscode']) {
      const pasted = await run(world.path, ['list', '--all', '-o', form], { hostFiles: [file] });
      assert.doesNotMatch(pasted.stdout, /dead/);
      assert.match(pasted.stderr, /^probectl: dead: no daemon answers on \/nowhere\/at\/all.*\n$/);
    }
  });
});

describe('probectl list', () => {
  it('prints commands to paste, and configurations for VS Code', async () => {
    await using world = await ControlWorld.start();
    const [first, second] = world.daemon.rows;
    world.daemon.rows = [
      { ...first, target: 'k64f' },
      { ...second, state: 'absent' },
    ];

    const { stdout } = await run(world.path, ['list', '-o', 'pyocd']);
    assert.equal(stdout, 'pyocd cmd -u remote:localhost:5555 -t k64f\n');

    const vscode = JSON.parse((await run(world.path, ['list', '--output', 'vscode'])).stdout) as {
      configurations: readonly Record<string, unknown>[];
    };
    const { name, type, servertype, serverArgs, targetId } = vscode.configurations[0];
    assert.deepEqual([name, type, servertype, targetId], ['pyOCD bench', 'cortex-debug', 'pyocd', 'k64f']);
    assert.deepEqual(serverArgs, ['--uid', 'remote:localhost:5555']);
  });
});

describe('values of options', () => {
  it('are times to wait', () => {
    assert.deepEqual(['', '30', '5s', '2m', '1h'].map(parseWait), [
      { kind: 'for-ever' },
      ...[30_000, 5000, 120_000, 3_600_000].map((ms) => ({ kind: 'limited', ms })),
    ]);
    assert.deepEqual(parseWait('596h'), { kind: 'limited', ms: 596 * 3_600_000 });
    // Beyond what Node's timers hold it would be over at once.
    for (const wrong of ['soon', '-1', '597h', '9'.repeat(400)])
      assert.throws(() => parseWait(wrong), UsageError, wrong);
  });

  it('are times to wait behind "=", and who forgets that is told', async () => {
    const { code, stderr } = await run('/nowhere', ['run', 'A1', '--wait', '30s', '--', 'true']);

    assert.deepEqual([code, stderr], [2, 'probectl: run: a time to wait is written with "=": --wait=30s\n']);
  });

  it('are addresses', () => {
    assert.deepEqual(['lab', 'lab:1', '[::1]:2', '::1', '10.0.0.1:3'].map(parseAddress), [
      { host: 'lab', port: 5555 },
      { host: 'lab', port: 1 },
      { host: '::1', port: 2 },
      { host: '::1', port: 5555 },
      { host: '10.0.0.1', port: 3 },
    ]);
    for (const wrong of ['', 'lab:', 'lab:0', 'lab:99999', 'a:b:c'])
      assert.throws(() => parseAddress(wrong), UsageError);
  });
});
