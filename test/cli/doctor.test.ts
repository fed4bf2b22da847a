import assert from 'node:assert/strict';
import type { CheckContext, DaemonAnswer, Finding } from '../../src/cli/doctor/check.js';
import { examine } from '../../src/cli/doctor/doctor.js';
import type { System } from '../../src/cli/doctor/system.js';
import type { ProbeRow } from '../../src/control/snapshots.js';
import { ControlWorld } from '../control/control-world.js';
import { FakeDaemon, probe } from '../control/fake-daemon.js';
import { emptySystem, run } from './cli-world.js';

const SYSFS = '/sys/bus/usb/devices';
const NODE = '/dev/bus/usb/001/004';

/** A machine on which all is well: one probe on 1-2, held by the daemon, pid 4711. */
const files: Readonly<Record<string, string>> = {
  '/etc/group': 'root:x:0:\nprobed:x:998:ada,bob\n',
  [`${SYSFS}/1-2/product`]: 'DAPLink CMSIS-DAP\n',
  [`${SYSFS}/1-2/idVendor`]: '0d28\n',
  [`${SYSFS}/1-2/idProduct`]: '0204\n',
  [`${SYSFS}/1-2/busnum`]: '1\n',
  [`${SYSFS}/1-2/devnum`]: '4\n',
  [`${SYSFS}/1-3/product`]: 'Keyboard\n',
  [`${SYSFS}/1-3/busnum`]: '1\n',
  [`${SYSFS}/1-3/devnum`]: '5\n',
  '/proc/4711/comm': 'probed\n',
  '/proc/999/comm': 'openocd\n',
  // proc(5): sl, local_address, rem_address, st, queues, timer, retrnsmt, uid, timeout, inode
  '/proc/net/tcp':
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n' +
    '   0: 0100007F:15B3 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 123456 1\n' +
    '   1: 0100007F:15B3 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 777777 1\n',
};
const directories: Readonly<Record<string, readonly string[]>> = {
  '/usr/lib/udev/rules.d': ['50-udev-default.rules', '70-probed.rules'],
  '/usr/lib/systemd/system': ['probed.service', 'ssh.service'],
  [SYSFS]: ['1-2', '1-2:1.0', '1-3', 'usb1'],
  '/proc': ['self', '999', '4711'],
  '/proc/999/fd': ['0', '7'],
  '/proc/4711/fd': ['12'],
};
const links: Readonly<Record<string, string>> = {
  '/proc/999/fd/0': '/dev/null',
  '/proc/999/fd/7': 'socket:[99]',
  '/proc/4711/fd/12': NODE,
};

interface Machine {
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly directories?: Readonly<Record<string, readonly string[] | undefined>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly system?: Partial<System>;
  readonly rows?: readonly ProbeRow[];
  readonly daemon?: DaemonAnswer;
  readonly complaints?: readonly string[];
}

function answering(rows: readonly ProbeRow[] = [probe('A1')]): DaemonAnswer {
  const daemon = new FakeDaemon();
  daemon.rows = rows;
  daemon.details = { usb: { path: '1-2', vid: 0x0d28, pid: 0x0204 } };
  return { kind: 'answers', status: daemon.status(), details: rows.map(({ uid }) => daemon.show(uid)) };
}

function contextOf(machine: Machine): CheckContext {
  const system = emptySystem({
    groupIds: [1000, 998],
    readText: async (path) => ({ ...files, ...machine.files })[path],
    list: async (path) => ({ ...directories, ...machine.directories })[path],
    readLink: async (path) => ({ ...links, ...machine.links })[path],
    access: async () => 'granted',
    groupIdOf: async () => 998,
    findGroup: async (group) => {
      const line = ({ ...files, ...machine.files }['/etc/group'] ?? '')
        .split('\n')
        .find((text) => text.split(':').includes(String(group)));
      if (line === undefined) return undefined;
      const [name, , id, members] = line.split(':');
      return { name, id: Number(id), members: members.split(',') };
    },
    ...machine.system,
  });
  const daemon = machine.daemon ?? answering(machine.rows);
  return { system, daemon, checkConfig: async () => machine.complaints ?? [] };
}

async function problems(machine: Machine): Promise<readonly Finding[]> {
  return (await examine(contextOf(machine))).filter(({ kind }) => kind === 'problem');
}

const UDEV_REMEDY =
  `echo 'SUBSYSTEM=="usb", ENV{DEVTYPE}=="usb_device", ATTR{idVendor}=="0d28", ATTR{idProduct}=="0204", MODE="0660", ` +
  `GROUP="probed", TAG+="uaccess"' | sudo tee -a /etc/udev/rules.d/70-probed-local.rules && ` +
  'sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=usb';

/** What is found wrong, and what mends it. */
const rows: readonly (readonly [situation: string, machine: Machine, what: string, remedy: string])[] = [
  [
    'no daemon runs',
    { daemon: { kind: 'absent', path: '/run/probed/control.sock' }, links: { '/proc/4711/fd/12': '/dev/null' } },
    'no daemon answers on /run/probed/control.sock',
    'sudo systemctl start probed',
  ],
  [
    'no daemon runs, and none is installed as a service',
    {
      daemon: { kind: 'absent', path: '/run/probed/control.sock' },
      directories: { '/usr/lib/systemd/system': ['ssh.service'] },
      links: { '/proc/4711/fd/12': '/dev/null' },
    },
    'no daemon answers on /run/probed/control.sock',
    'sudo probectl service install',
  ],
  [
    'no daemon runs that npm and probectl have installed',
    {
      daemon: { kind: 'absent', path: '/run/probed/control.sock' },
      directories: { '/usr/lib/systemd/system': undefined, '/usr/local/lib/systemd/system': ['probed.service'] },
      links: { '/proc/4711/fd/12': '/dev/null' },
    },
    'no daemon answers on /run/probed/control.sock',
    'sudo systemctl start probed',
  ],
  [
    'the socket may not be used',
    { daemon: { kind: 'forbidden', path: '/run/s' }, links: { '/proc/4711/fd/12': '/dev/null' } },
    'you may not use /run/s',
    'sudo usermod -aG probed ada   (then log in again)',
  ],
  [
    "the socket is root's alone",
    {
      daemon: { kind: 'forbidden', path: '/run/s' },
      links: { '/proc/4711/fd/12': '/dev/null' },
      system: { groupIdOf: async () => 0 },
    },
    'you may not use /run/s',
    'set control.group = "probed" in the config of the daemon, and start it again',
  ],
  [
    'another program is on the socket',
    { daemon: { kind: 'broken', path: '/run/s' }, links: { '/proc/4711/fd/12': '/dev/null' } },
    'what answers on /run/s is no probed',
    'probectl --socket PATH doctor',
  ],
  [
    'the user is not in the group',
    { system: { groupIds: [1000] }, files: { '/etc/group': 'probed:x:998:bob\n' } },
    'you are not in group probed',
    'sudo usermod -aG probed ada   (then log in again)',
  ],
  [
    'the user is in the group since the session began',
    { system: { groupIds: [1000] } },
    'you are in group probed, but not in this session',
    'newgrp probed   (or log out and in)',
  ],
  [
    'there is no such group',
    { files: { '/etc/group': 'root:x:0:\n' } },
    'there is no group probed',
    'sudo groupadd --system probed',
  ],
  [
    'udev rules are missing',
    { directories: { '/usr/lib/udev/rules.d': ['50-udev-default.rules'] } },
    'udev rules for probes are not installed',
    'sudo apt install --reinstall probed && sudo udevadm control --reload && sudo udevadm trigger',
  ],
  [
    'udev rules are missing where no package has brought them',
    { directories: { '/usr/lib/udev/rules.d': undefined, '/usr/lib/systemd/system': undefined } },
    'udev rules for probes are not installed',
    'sudo probectl service install',
  ],
  [
    'the daemon may not open the probe',
    { rows: [probe('A1', { state: 'no-permission' })] },
    `DAPLink CMSIS-DAP at 1-2: the daemon may not open ${NODE}`,
    UDEV_REMEDY,
  ],
  [
    'another program holds the probe',
    { links: { '/proc/999/fd/7': NODE } },
    'DAPLink CMSIS-DAP at 1-2 is held by openocd, pid 999',
    'kill 999',
  ],
  [
    'a program of another user may hold it',
    {
      rows: [probe('A1', { state: 'failed' })],
      directories: { '/proc/999/fd': undefined },
      links: { '/proc/4711/fd/12': '/dev/null' },
      files: { '/proc/net/tcp': '' },
    },
    "DAPLink CMSIS-DAP at 1-2: another user's program may hold it",
    `sudo fuser -v ${NODE}`,
  ],
  [
    'another program has the port (5555 is 15B3)',
    { rows: [probe('A1', { state: 'failed' })], links: { '/proc/999/fd/7': 'socket:[123456]' } },
    'A1: port 5555 is taken by openocd, pid 999',
    'kill 999',
  ],
  [
    'a program of another user has the port',
    { rows: [probe('A1', { state: 'failed' })] },
    "A1: port 5555 is taken by another user's program",
    "sudo ss -ltnp 'sport = :5555'",
  ],
  [
    'the config is wrong',
    { complaints: ['probed.toml:3:1: unknown key "prot"'] },
    'probed.toml:3:1: unknown key "prot"',
    'probed --check-config   (after mending the line)',
  ],
  [
    'Node is too old',
    { system: { nodeVersion: '20.18.3' } },
    'Node 20.18.3 is too old: probed needs 20.19',
    'npm install -g node@22   (or the package of your system)',
  ],
];

describe('probectl doctor', () => {
  it('finds nothing wrong where nothing is', async () => {
    const findings = await examine(contextOf({}));

    assert.deepEqual(
      findings.map(({ kind, what }) => `${kind}: ${what}`),
      [
        'fine: Node 22.1.0',
        'fine: the config is valid',
        'fine: probed 0.1.0 answers, pid 4711',
        'fine: you are in group probed',
        'fine: udev rules are installed: /usr/lib/udev/rules.d/70-probed.rules',
        'fine: DAPLink CMSIS-DAP at 1-2 can be opened',
      ],
    );
  });

  for (const [situation, machine, what, remedy] of rows) {
    it(`says what mends it when ${situation}`, async () => {
      assert.deepEqual(await problems(machine), [{ kind: 'problem', what, remedy }]);
    });
  }

  it('finds a probe by the name of its interface, and asks for this user where no daemon answers', async () => {
    const found = await problems({
      daemon: { kind: 'absent', path: '/run/s' },
      files: { [`${SYSFS}/1-2/product`]: 'Kit', [`${SYSFS}/1-2:1.0/interface`]: 'MyKit CMSIS-DAP v2\n' },
      system: { access: async () => 'denied' },
    });

    assert.equal(found.at(1)?.what, `Kit at 1-2: you may not open ${NODE}`);
  });

  it('finds a probe by its ids where no name says what it is', async () => {
    const found = await problems({
      rows: [probe('A1', { state: 'no-permission' })],
      files: { [`${SYSFS}/1-2/product`]: 'Kit' },
    });

    assert.deepEqual(
      found.map(({ what }) => what),
      [`Kit at 1-2: the daemon may not open ${NODE}`],
    );
  });

  it('does not say again what the daemon complains about when the same command mends it', async () => {
    const daemon = answering([probe('A1', { state: 'no-permission' })]);
    assert.equal(daemon.kind, 'answers');
    const complaint = { uid: 'A1', what: 'no permission', remedy: UDEV_REMEDY };
    const complaining = { ...daemon, status: { ...daemon.status, problems: [complaint] } };

    assert.equal((await problems({ daemon: complaining })).length, 1);
  });

  it('leaves out what only Linux has', async () => {
    const findings = await examine(contextOf({ system: { platform: 'darwin', list: async () => undefined } }));

    assert.deepEqual(
      findings.map(({ what }) => what),
      ['Node 22.1.0', 'the config is valid', 'probed 0.1.0 answers, pid 4711'],
    );
  });

  it('passes on what the daemon complains about, and ends with 1', async () => {
    await using world = await ControlWorld.start();
    world.daemon.problems = [{ uid: 'A1', what: 'the port range is full', remedy: 'probectl forget UID' }];
    const system = emptySystem({ platform: 'darwin' });

    const { code, stdout } = await run(world.path, ['doctor'], { system });

    assert.equal(code, 1);
    assert.equal(
      stdout,
      'ok   Node 22.1.0\nok   probed 0.1.0 answers, pid 4711\n' +
        'bad  A1: the port range is full\n       probectl forget UID\nproblems: 1\n',
    );
  });

  it('ends with 0 when nothing is wrong', async () => {
    await using world = await ControlWorld.start();
    const system = emptySystem({ platform: 'darwin' });

    assert.deepEqual(await run(world.path, ['doctor'], { system }), {
      code: 0,
      stdout: 'ok   Node 22.1.0\nok   probed 0.1.0 answers, pid 4711\nnothing is wrong\n',
      stderr: '',
    });
  });
});
