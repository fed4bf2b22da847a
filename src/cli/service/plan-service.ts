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
    run('systemd-sysusers', SYSUSERS_FILE),
    ...applyRules,
    run('systemctl', 'daemon-reload'),
    run('systemctl', 'enable', SERVICE),
    run('systemctl', 'restart', SERVICE),
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
    ...(present.some((path) => path.endsWith(SERVICE)) ? [run('systemctl', 'disable', '--now', SERVICE)] : []),
    ...present.map((path) => ({ kind: 'remove', path }) as const),
    run('systemctl', 'daemon-reload'),
    ...applyRules,
    // udev leaves the group of a device as it is when no rule names one.
    run('find', '/dev', '-xdev', '-group', 'probed', '-exec', 'chgrp', 'root', '{}', '+'),
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

const applyRules = [
  run('udevadm', 'control', '--reload'),
  run('udevadm', 'trigger', '--settle', '--subsystem-match=usb', '--subsystem-match=hidraw'),
];

function run(...command: readonly string[]): Change {
  return { kind: 'run', command };
}
