import assert from 'node:assert/strict';
import { emptySystem, type Ran, run } from '../cli-world.js';
import { MARK } from '../../../src/cli/service/service-files.js';
import { FakeMachine } from './fake-machine.js';

const installed = [
  '/etc/probed/probed.toml',
  '/etc/sysusers.d/probed.conf',
  '/etc/udev/rules.d/60-probed.rules',
  '/usr/local/lib/systemd/system/probed.service',
  '/usr/local/lib/systemd/system/probed@.service',
];

interface Options {
  readonly isRoot?: boolean;
  readonly platform?: string;
  readonly node?: string;
}

function service(machine: FakeMachine, args: readonly string[], options: Options = {}): Promise<Ran> {
  const { isRoot = true, platform = 'linux', node = '/usr/bin/node' } = options;
  return run('/nowhere', ['service', ...args], {
    system: emptySystem({ isRoot, platform }),
    service: { machine, node, packageFolder: '/usr/local/lib/probed' },
  });
}

describe('probectl service install', () => {
  it('writes user, rules, units and config, starts the service, and says so', async () => {
    const machine = new FakeMachine();

    const { code, stdout } = await service(machine, ['install']);

    assert.equal(code, 0);
    assert.deepEqual([...machine.files.keys()].sort(), installed);
    assert.deepEqual(machine.commands, [
      'systemd-sysusers /etc/sysusers.d/probed.conf',
      'udevadm control --reload',
      'udevadm trigger --settle --subsystem-match=usb --subsystem-match=hidraw',
      'systemctl daemon-reload',
      'systemctl enable probed.service',
      'systemctl restart probed.service',
      'systemctl try-restart probed@*.service',
    ]);
    assert.match(
      stdout,
      /^wrote \/etc\/sysusers\.d\/probed\.conf\n[^]*\nran systemctl restart probed\.service\n.*\nthe service runs/,
    );
  });

  it('makes the units run this package with this Node, also where a path has spaces', async () => {
    const machine = new FakeMachine();
    await service(machine, ['install'], { node: '/opt/my node/bin/node' });

    const unit = machine.files.get('/usr/local/lib/systemd/system/probed.service') ?? '';
    const instance = machine.files.get('/usr/local/lib/systemd/system/probed@.service') ?? '';

    assert.match(unit, /^ExecStart="\/opt\/my node\/bin\/node" \/usr\/local\/lib\/probed\/dist\/main\.js$/m);
    assert.match(
      unit,
      /^ExecReload="\/opt\/my node\/bin\/node" \/usr\/local\/lib\/probed\/dist\/cli\/main\.js reload$/m,
    );
    assert.match(instance, /^ExecStart=.*main\.js --config \/etc\/probed\/%i\.toml$/m);
    assert.match(unit, /^NotifyAccess=all$/m);
  });

  it('only says what it would do with --dry-run, to anybody', async () => {
    const machine = new FakeMachine();

    const { code, stdout } = await service(machine, ['install', '--dry-run'], { isRoot: false });

    assert.equal(code, 0);
    assert.equal(machine.files.size, 0);
    assert.deepEqual(machine.commands, []);
    assert.match(stdout, /^would write [^]*would run systemctl restart probed\.service\n.*\nnothing was changed\n$/);
  });

  it('keeps a config that is there', async () => {
    const machine = new FakeMachine();
    machine.files.set('/etc/probed/probed.toml', '[listen]\n');

    await service(machine, ['install']);

    assert.equal(machine.files.get('/etc/probed/probed.toml'), '[listen]\n');
  });

  it('brings its own older files up to date', async () => {
    const machine = new FakeMachine();
    await service(machine, ['install']);
    const [rules] = [machine.files.get('/etc/udev/rules.d/60-probed.rules') ?? ''];
    machine.files.set('/etc/udev/rules.d/60-probed.rules', `${rules.split('\n')[0]}\n# older\n`);

    const { code } = await service(machine, ['install']);

    assert.equal(code, 0);
    assert.equal(machine.files.get('/etc/udev/rules.d/60-probed.rules'), rules);
  });

  it('puts everything back when a step fails', async () => {
    const machine = new FakeMachine();
    machine.answers.set('systemctl restart', { code: 1, output: 'Job for probed.service failed' });

    const { code, stderr } = await service(machine, ['install']);

    assert.equal(code, 1);
    assert.equal(machine.files.size, 0);
    assert.match(stderr, /all files are as they were before: "systemctl restart probed\.service" failed: Job for/);
    // systemd and udev learn of it, after the service has been disabled and the probes have been given back.
    assert.deepEqual(machine.commands.slice(machine.commands.indexOf('systemctl restart probed.service') + 1), [
      'systemctl disable --now probed.service',
      'find /dev -xdev -group probed -exec chgrp root {} +',
      'udevadm control --reload',
      'udevadm trigger --settle --subsystem-match=usb --subsystem-match=hidraw',
      'systemctl daemon-reload',
    ]);
  });

  it('goes back to the service that was there when a step of an update fails', async () => {
    const machine = new FakeMachine();
    await service(machine, ['install']);
    const before = new Map(machine.files).set('/usr/local/lib/systemd/system/probed.service', `# ${MARK}.\n# older\n`);
    for (const [file, text] of before) machine.files.set(file, text);
    machine.commands.length = 0;
    machine.answers.set('systemctl restart', { code: 1, output: 'Job for probed.service failed' });

    const { code } = await service(machine, ['install']);

    assert.equal(code, 1);
    assert.deepEqual(machine.files, before);
    assert(!machine.commands.some((command) => /disable|chgrp/.test(command)));
    assert.deepEqual(machine.commands.slice(-2), ['systemctl daemon-reload', 'systemctl restart probed.service']);
  });

  const refusals: readonly [what: string, prepare: (machine: FakeMachine) => void, Options, RegExp][] = [
    ['without being root', () => undefined, { isRoot: false }, /only root may do that: sudo probectl service install/],
    ['on a Mac', () => undefined, { platform: 'darwin' }, /brew services start probed/],
    ['without systemd', (machine) => machine.others.clear(), {}, /does not run systemd/],
    ['with Node in a home', () => undefined, { node: '/home/ada/.nvm/node' }, /home\/ada.* home directory/],
    [
      'beside the package of the system',
      (machine) => machine.others.add('/usr/lib/systemd/system/probed.service'),
      {},
      /a package of this system brings the service/,
    ],
    [
      'over a unit of somebody else',
      (machine) => machine.files.set('/usr/local/lib/systemd/system/probed.service', '[Service]\n'),
      {},
      /probed\.service is there, and not from probectl: move it away/,
    ],
  ];
  for (const [what, prepare, options, words] of refusals) {
    it(`is refused ${what}, and changes nothing`, async () => {
      const machine = new FakeMachine();
      prepare(machine);
      const before = new Map(machine.files);

      const { code, stderr } = await service(machine, ['install'], options);

      assert.equal(code, 1);
      assert.match(stderr, words);
      assert.deepEqual(machine.files, before);
      assert.deepEqual(machine.commands, []);
    });
  }
});

describe('probectl service uninstall', () => {
  it('stops the service and removes what install wrote, but config and state', async () => {
    const machine = new FakeMachine();
    await service(machine, ['install']);
    machine.commands.length = 0;

    const { code, stdout } = await service(machine, ['uninstall']);

    assert.equal(code, 0);
    assert.deepEqual([...machine.files.keys()], ['/etc/probed/probed.toml']);
    assert.deepEqual(machine.commands, [
      'systemctl disable --now probed.service',
      'systemctl stop probed@*.service',
      'systemctl daemon-reload',
      'udevadm control --reload',
      'udevadm trigger --settle --subsystem-match=usb --subsystem-match=hidraw',
      'find /dev -xdev -group probed -exec chgrp root {} +',
    ]);
    assert.match(stdout, /removed \/usr\/local\/lib\/systemd\/system\/probed\.service\n[^]*kept: \/etc\/probed/);
  });

  it('says so where there is nothing', async () => {
    const { code, stdout } = await service(new FakeMachine(), ['uninstall']);

    assert.equal(code, 0);
    assert.equal(stdout, 'no service is installed: nothing to do\n');
  });
});

describe('probectl service status', () => {
  it('says which files are there and whether the service runs', async () => {
    const machine = new FakeMachine();
    await service(machine, ['install']);
    machine.files.delete('/etc/udev/rules.d/60-probed.rules');
    machine.files.set('/usr/local/lib/systemd/system/probed.service', '# Installed by "probectl service install".\n');
    machine.answers.set('systemctl is-enabled', { code: 0, output: 'enabled' });
    machine.answers.set('systemctl is-active', { code: 3, output: 'failed' });

    const { code, stdout } = await service(machine, ['status'], { isRoot: false });

    assert.equal(code, 1);
    assert.equal(
      stdout,
      '/etc/sysusers.d/probed.conf: installed\n' +
        '/etc/udev/rules.d/60-probed.rules: missing\n' +
        '/usr/local/lib/systemd/system/probed.service: of another version\n' +
        '/usr/local/lib/systemd/system/probed@.service: installed\n' +
        'at boot: enabled\nnow: failed\n',
    );
  });

  it('is exit code 0 and JSON where it is asked for it', async () => {
    const machine = new FakeMachine();
    machine.others.add('/usr/lib/systemd/system/probed.service');
    machine.answers.set('systemctl', { code: 0, output: 'active' });

    const { code, stdout } = await service(machine, ['status', '--json']);

    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      version: 1,
      command: 'service',
      result: { unit: '/usr/lib/systemd/system/probed.service', files: [], enabled: 'active', active: 'active' },
    });
  });
});
