// What `probectl service install` puts where: the files of packaging/, with the paths of this installation in them.

import type { ServiceMachine } from './service-machine.js';
import { ServiceError } from './service-error.js';

export interface Installation {
  /** Where package.json is. */
  readonly packageFolder: string;
  /** The Node that runs us, and will run the daemon. */
  readonly node: string;
}

export interface ServiceFile {
  readonly path: string;
  readonly text: string;
}

/** In the first line of each file of ours; what does not have it is somebody else's. */
export const MARK = 'Installed by "probectl service install"';

/** Not ours any more once it is there. */
export const CONFIG_FILE = '/etc/probed/probed.toml';
export const SYSUSERS_FILE = '/etc/sysusers.d/probed.conf';
export const SERVICE = 'probed.service';

/** Where the administrator installs units: systemd.unit(5). In /etc they would be in the way of "systemctl mask". */
export const UNITS = '/usr/local/lib/systemd/system';

/** From: below the package's folder. To: where the administrator's own files go, sysusers.d(5) and udev(7). */
const places = [
  ['packaging/systemd/probed.sysusers', SYSUSERS_FILE],
  ['packaging/systemd/60-probed.rules', '/etc/udev/rules.d/60-probed.rules'],
  ['packaging/systemd/probed.service', `${UNITS}/${SERVICE}`],
  ['packaging/systemd/probed@.service', `${UNITS}/probed@.service`],
] as const;

export const servicePaths: readonly string[] = places.map(([, to]) => to);

/** @throws ServiceError  if the package is not whole */
export async function serviceFiles(
  installation: Installation,
  machine: ServiceMachine,
): Promise<readonly ServiceFile[]> {
  return Promise.all(
    places.map(async ([from, path]) => {
      const text = await packageFile(from, installation, machine);
      const hint = path.endsWith('.service') ? ': change it by "systemctl edit"' : '';
      return { path, text: `# ${MARK}${hint}.\n${withPaths(text, installation)}` };
    }),
  );
}

/** @throws ServiceError */
export async function packageFile(
  name: string,
  { packageFolder }: Installation,
  machine: ServiceMachine,
): Promise<string> {
  const text = await machine.readText(`${packageFolder}/${name}`);
  if (text === undefined) throw new ServiceError(`${packageFolder}/${name} is missing: install probed anew`);
  return text;
}

function withPaths(text: string, { node, packageFolder }: Installation): string {
  return (
    text
      .replaceAll('/usr/bin/probed', command(node, `${packageFolder}/dist/main.js`))
      .replaceAll('/usr/bin/probectl', command(node, `${packageFolder}/dist/cli/main.js`))
      // npm may have left out the optional package koffi: then systemd-notify speaks for the daemon.
      .replace('NotifyAccess=main', 'NotifyAccess=all')
  );
}

/** As systemd.service(5), "Command lines", takes it: quoted, and "%" doubled. */
function command(...words: readonly string[]): string {
  return words
    .map((word) => (/^[\w@+./-]+$/.test(word) ? word : `"${word.replaceAll('%', '%%').replace(/["\\]/g, '\\$&')}"`))
    .join(' ');
}
