import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import type { World } from '../../src/cli/world.js';
import type { DiscoveredProbe } from '../../src/discovery/browse.js';
import { ControlWorld } from '../control/control-world.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { run } from './cli-world.js';

function discovered(uid: string, host: string, more: Partial<DiscoveredProbe> = {}): DiscoveredProbe {
  const facts = { uid, host, vendorId: 0x0d28, productId: 0x0204, product: 'DAPLink CMSIS-DAP', state: 'ready' };
  return { ...facts, port: 5555, addresses: ['192.0.2.7'], isHere: false, ...more };
}

/** `browse` finds these. */
function network(...probes: readonly DiscoveredProbe[]): Pick<World, 'browse'> {
  return { browse: async () => probes };
}

describe('probectl list --all', () => {
  let disposer: Disposer;
  beforeEach(() => (disposer = new Disposer()));
  afterEach(() => disposer[Symbol.asyncDispose]());

  /** A file that names hosts. */
  function hostFile(text: string): Pick<World, 'hostFiles'> {
    const folder = mkdtempSync(path.join(tmpdir(), 'probed-hosts-'));
    disposer.defer(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'probectl.toml');
    writeFileSync(file, text);
    return { hostFiles: [file] };
  }

  it('shows what the network tells of, with what is to be pasted', async () => {
    const told = network(
      discovered('B1', 'lab1', { target: 'rp2040', name: 'left' }),
      discovered('B2', 'lab2', { addresses: ['2001:db8::7'], port: 5556 }),
    );
    await using world = await ControlWorld.start();

    const { stdout } = await run(world.path, ['list', '--all'], told);

    assert.match(stdout, /^lab1 +B1 +left +-u remote:192\.0\.2\.7:5555 -t rp2040$/m);
    assert.match(stdout, /^lab2 +B2 +- +probectl accelerate '\[2001:db8::7\]:5556'$/m); // pyOCD takes no IPv6 address
    const lines = (await run(world.path, ['list', '--all', '-o', 'pyocd'], told)).stdout;
    assert.match(lines, /^pyocd cmd -u remote:192\.0\.2\.7:5555 -t rp2040\nprobectl accelerate '\[/m);
  });

  it('prints what can be pasted whatever a device or a host is called', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [{ ...world.daemon.rows[0], uid: 'it\'s $(id)  "x"' }];
    const hosts = hostFile(`[hosts]\n"my lab" = "unix://${world.path}"\n`);

    const { stdout } = await run('/nowhere', ['list', '--all', '-o', 'pyocd'], hosts);

    assert.equal(stdout, `probectl run --host 'my lab' 'it'\\''s $(id)  "x"' -- pyocd cmd\n`);
  });

  it('prints a uid that begins with "-" so that it is no option', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [{ ...world.daemon.rows[0], uid: '-X1' }];
    const hosts = hostFile(`[hosts]\nlab = "unix://${world.path}"\n`);

    const { stdout } = await run('/nowhere', ['list', '--all', '-o', 'pyocd'], hosts);

    assert.equal(stdout, 'probectl run --host lab -- -X1 -- pyocd cmd\n');
    const line = stdout.trim().replace('pyocd cmd', 'true').split(' ').slice(1);
    assert.equal((await run('/nowhere', line, hosts)).code, 0);
    const { tasks } = JSON.parse((await run('/nowhere', ['list', '--all', '-o', 'vscode'], hosts)).stdout) as {
      readonly tasks: readonly { readonly args: readonly string[] }[];
    };
    assert.deepEqual(tasks[0].args.slice(-2), ['--', '-X1']);
  });

  it('goes by probectl where pyOCD cannot be told an address: behind "remote:" it takes no IPv6 address', async () => {
    await using world = await ControlWorld.start();
    const [first] = world.daemon.rows;
    world.daemon.rows = [
      { ...first, uid: 'A1', addresses: ['[2001:db8::7]:5555'] },
      { ...first, uid: 'A2', addresses: ['[2001:db8::7]:5555', '192.0.2.7:5555'], target: 'k64f' },
      { ...first, uid: 'A3', addresses: ['[::]:5555'] },
    ];

    const { stdout } = await run(world.path, ['list', '-o', 'pyocd']);

    assert.deepEqual(stdout.trim().split('\n'), [
      'probectl run A1 -- pyocd cmd',
      'pyocd cmd -u remote:192.0.2.7:5555 -t k64f',
      'pyocd cmd -u remote:localhost:5555',
    ]);
    assert.match((await run(world.path, ['list'])).stdout, /^A1 +bench +probectl run A1 -- pyocd cmd$/m);
    const piece = JSON.parse((await run(world.path, ['list', '-o', 'vscode'])).stdout) as {
      readonly configurations: readonly { readonly serverArgs: readonly string[]; readonly preLaunchTask?: string }[];
      readonly tasks: readonly { readonly label: string; readonly args: readonly string[] }[];
    };
    assert.deepEqual(piece.configurations[0].serverArgs, ['--uid', 'remote:localhost:5556']);
    assert.equal(piece.configurations[0].preLaunchTask, 'probectl forward A1');
    assert.deepEqual(piece.tasks[0].args, ['forward', '--port', '5556', 'A1']);
    assert.equal(piece.tasks.length, 1);
  });

  it('tells JSON which probes were discovered', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [];

    const { stdout } = await run(world.path, ['list', '--all', '--json'], network(discovered('B1', 'lab1')));

    assert.deepEqual((JSON.parse(stdout) as { readonly result: unknown }).result, {
      probes: [{ ...discovered('B1', 'lab1'), discovered: true, addresses: ['192.0.2.7:5555'] }],
      problems: [],
    });
  });

  it('shows no probe twice that the host was asked for, and every twin', async () => {
    await using world = await ControlWorld.start();
    const own = discovered('A1', 'here', { isHere: true });
    const twin = discovered('A1', 'lab1');

    const { stdout } = await run(world.path, ['list', '--all'], network(own, twin));

    assert.deepEqual(stdout.match(/^\S+ +A1/gm), ['-     A1', 'lab1  A1']);
  });

  it('takes a probe of a named host for the one the network tells of, if there is only one', async () => {
    await using world = await ControlWorld.start();
    const hosts = hostFile(`[hosts]\nlab = "unix://${world.path}"\n`);
    const told = discovered('A1', 'lab.example');
    const hostsOf = async (...probes: readonly DiscoveredProbe[]): Promise<unknown> =>
      (await run('/nowhere', ['list', '--all'], { ...hosts, ...network(...probes) })).stdout.match(/^\S+(?= +A1)/gm);

    assert.deepEqual(await hostsOf(told), ['lab']);
    assert.deepEqual(await hostsOf(told, discovered('A1', 'other')), ['lab', 'lab.example', 'other']);
  });

  it('tells machines of one name apart', async () => {
    const two = network(discovered('B1', 'pi'), discovered('B1', 'pi', { addresses: ['192.0.2.8'] }));

    const { stdout } = await run('/nowhere', ['list', '--all'], two);

    assert.match(stdout, /^pi \(192\.0\.2\.7\) +B1.*\npi \(192\.0\.2\.8\) +B1/m);
  });

  it('says why the network cannot be asked', async () => {
    await using world = await ControlWorld.start();
    const browse = (): Promise<never> => Promise.reject(new Error('bind EACCES 0.0.0.0:5353'));

    const { code, stdout } = await run(world.path, ['list', '--all'], { browse });

    assert.equal(code, 0);
    assert.match(stdout, /^other machines: multicast DNS: bind EACCES 0\.0\.0\.0:5353$/m);
  });

  it('does not wait for ever for a host that says nothing', async () => {
    await using world = await ControlWorld.start();
    const silent = createServer((socket) => disposer.defer(() => void socket.destroy()));
    disposer.defer(() => void silent.close());
    await once(silent.listen(path.join(world.directory, 'silent.sock')), 'listening');
    const hosts = hostFile(`[hosts]\nlab = "unix://${world.directory}/silent.sock"\n`);
    const clock = new FakeClock();
    const browse = async (): Promise<[]> => {
      do await settle();
      while (clock.pending > 1); // until all others have answered
      await clock.advance(10_000);
      return [];
    };

    const { code, stdout } = await run(world.path, ['list', '--all'], { ...hosts, clock, browse });

    assert.equal(code, 0);
    assert.match(stdout, /^- +A1 /m);
    assert.match(stdout, /^lab: no answer within 10 s$/m);
  });

  it('says which address of the file is none, and lists the others', async () => {
    await using world = await ControlWorld.start();
    const hosts = hostFile(`[hosts]\nwrong = "ftp://lab"\nlab = "unix://${world.path}"\n`);

    const { code, stdout } = await run('/nowhere', ['list', '--all'], hosts);

    assert.equal(code, 0);
    assert.match(stdout, /^lab +A1 /m);
    assert.match(stdout, /^wrong: ftp:\/\/lab is no host: write ssh:\/\//m);
  });

  it('gives VS Code nothing to run that a machine of the network has thought of', async () => {
    const told = network(discovered('${command:workbench.action.quit}', 'lab1'));

    const { stdout } = await run('/nowhere', ['list', '--all', '-o', 'vscode'], told);

    assert.match(stdout, /"name": "pyOCD \$ \{command:workbench\.action\.quit\} on lab1"/);
    assert.deepEqual(stdout.match(/\$\{\w+/g), ['${workspaceFolder', '${workspaceFolder']);
  });

  it('gives VS Code nothing to run that a device of a named host has thought of', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = [{ ...world.daemon.rows[0], uid: '${command:workbench.action.quit}' }];
    const hosts = hostFile(`[hosts]\nlab = "unix://${world.path}"\n`);

    const { stdout } = await run('/nowhere', ['list', '--all', '-o', 'vscode'], hosts);

    assert.match(stdout, /"forward",\s+"--host",\s+"lab",\s+"--port",\s+"5555",\s+"\$ \{command:/);
    assert.deepEqual(stdout.match(/\$\{\w+/g), ['${workspaceFolder', '${workspaceFolder']);
  });

  it('gives VS Code only probes that are served', async () => {
    const away = discovered('B2', 'lab1', { state: 'absent' });

    const { stdout } = await run(
      '/nowhere',
      ['list', '--all', '-o', 'vscode'],
      network(discovered('B1', 'lab1'), away),
    );

    assert.deepEqual(stdout.match(/"name": .*/g), ['"name": "pyOCD B1 on lab1",']);
  });

  it('gives VS Code a task for each probe that must be forwarded, at a port of its own', async () => {
    await using world = await ControlWorld.start();
    world.daemon.rows = world.daemon.rows.slice(0, 1);
    const hosts = hostFile(`[hosts]\nlab = "unix://${world.path}"\n`);

    const { stdout } = await run(world.path, ['list', '--all', '-o', 'vscode'], {
      ...hosts,
      ...network(discovered('B1', 'lab1')),
    });

    const { configurations, tasks } = JSON.parse(stdout) as Record<string, readonly Record<string, unknown>[]>;
    assert.deepEqual(
      configurations.map(({ name, serverArgs, preLaunchTask }) => [name, serverArgs, preLaunchTask]),
      [
        ['pyOCD bench', ['--uid', 'remote:localhost:5555'], undefined],
        ['pyOCD bench on lab', ['--uid', 'remote:localhost:5556'], 'probectl forward A1 of lab'],
        ['pyOCD B1 on lab1', ['--uid', 'remote:192.0.2.7:5555'], undefined],
      ],
    );
    assert.deepEqual(
      tasks.map(({ label, args }) => [label, args]),
      [['probectl forward A1 of lab', ['forward', '--host', 'lab', '--port', '5556', 'A1']]],
    );
  });
});
