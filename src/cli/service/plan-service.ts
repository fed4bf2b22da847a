// What installing and removing the service changes on a Linux machine with systemd.

import type { Change } from './changes.js';
import { ServiceError } from './service-error.js';
import {
  CONFIG_FILE,
  type Installation,
  MARK,
  packageFile,
  SERVICE,
  serviceFiles,
  servicePaths,
  SYSUSERS_FILE,
  UNITS,
} from './service-files.js';
import type { ServiceMachine } from './service-machine.js';

/** Where a package of the system has the unit. */
const packagedUnits = [`/usr/lib/systemd/system/${SERVICE}`, `/lib/systemd/system/${SERVICE}`];

/** The sandbox hides these: ProtectHome=yes. */
const HOMES = /^\/(home|root|run\/user)\//;

/** @throws ServiceError  where it would not work, or something is not ours */
export async function planInstall(installation: Installation, machine: ServiceMachine): Promise<readonly Change[]> {
  await requireNoPackage(machine);
  for (const path of [installation.node, installation.packageFolder]) {
    if (!HOMES.test(path)) continue;
    throw new ServiceError(
      `${path} is in a home directory, where a service does not get: install Node and probed for the whole system ` +
        '(sudo npm install -g probed, with the Node of the system)',
    );
  }
  const files = await serviceFiles(installation, machine);
  for (const { path } of files) await requireOurs(path, machine);
  const hasConfig = await machine.exists(CONFIG_FILE);
  const isUpdate = await machine.exists(`${UNITS}/${SERVICE}`);
  return [
    ...files.map(({ path, text }) => ({ kind: 'write', path, text }) as const),
    ...(hasConfig
      ? []
      : [
          {
            kind: 'write',
            path: CONFIG_FILE,
            text: await packageFile('etc/probed.toml', installation, machine),
          } as const,
        ]),
    { kind: 'run', command: ['systemd-sysusers', SYSUSERS_FILE], ...(!isUpdate && { undo: UNGROUP_DEVICES }) },
    ...applyRules,
    readUnits,
    { kind: 'run', command: ['systemctl', 'enable', SERVICE], ...(!isUpdate && { undo: DISABLE }) },
    { kind: 'run', command: ['systemctl', 'restart', SERVICE], ...(isUpdate && { undo: 'again' as const }) },
    { kind: 'run', command: ['systemctl', 'try-restart', INSTANCES] },
  ];
}

/** @throws ServiceError */
export async function planUninstall(machine: ServiceMachine): Promise<readonly Change[]> {
  await requireNoPackage(machine);
  const present: string[] = [];
  for (const path of servicePaths) {
    await requireOurs(path, machine);
    if (await machine.exists(path)) present.push(path);
  }
  if (present.length === 0) return [];
  return [
    ...(present.some((path) => path.endsWith(SERVICE)) ? [{ kind: 'run', command: DISABLE } as const] : []),
    { kind: 'run', command: ['systemctl', 'stop', INSTANCES] },
    ...present.map((path) => ({ kind: 'remove', path }) as const),
    readUnits,
    ...applyRules,
    { kind: 'run', command: UNGROUP_DEVICES },
  ];
}

/** Asks nothing of the system if it is not one we know. @throws ServiceError */
export async function requireSystemd(platform: string, machine: ServiceMachine): Promise<void> {
  if (platform === 'darwin')
    throw new ServiceError('on macOS Homebrew installs the service: brew services start probed');
  // sd_booted(3)
  if (platform !== 'linux' || !(await machine.exists('/run/systemd/system')))
    throw new ServiceError('this system does not run systemd: start probed by its own service manager');
}

/** The unit that a package of the system brings, if one does. */
export async function packagedUnit(machine: ServiceMachine): Promise<string | undefined> {
  for (const path of packagedUnits) if (await machine.exists(path)) return path;
  return undefined;
}

async function requireNoPackage(machine: ServiceMachine): Promise<void> {
  const unit = await packagedUnit(machine);
  if (unit === undefined) return;
  throw new ServiceError(`${unit} is there: a package of this system brings the service, and removes it (apt)`);
}

async function requireOurs(path: string, machine: ServiceMachine): Promise<void> {
  const text = await machine.readText(path);
  if (text === undefined || text.includes(MARK)) return;
  throw new ServiceError(`${path} is there, and not from probectl: move it away first`);
}

const DISABLE = ['systemctl', 'disable', '--now', SERVICE] as const;

/** Where no rule names a group any more, udev leaves that of a device as it is. */
const UNGROUP_DEVICES = ['find', '/dev', '-xdev', '-group', 'probed', '-exec', 'chgrp', 'root', '{}', '+'] as const;

/** Further daemons, as far as they run: systemctl(1) takes patterns. */
const INSTANCES = 'probed@*.service';

const applyRules: readonly Change[] = [
  { kind: 'run', command: ['udevadm', 'control', '--reload'], undo: 'again' },
  {
    ...{ kind: 'run', undo: 'again' },
    command: ['udevadm', 'trigger', '--settle', '--subsystem-match=usb', '--subsystem-match=hidraw'],
  },
];

const readUnits: Change = { kind: 'run', command: ['systemctl', 'daemon-reload'], undo: 'again' };
