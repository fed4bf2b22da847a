import { SERVICE, UNITS } from '../service/service-files.js';
import type { System } from './system.js';

/**
 * Who has installed the daemon as a service of systemd: the system's package manager, "probectl service install", or
 * nobody. systemd.unit(5), "Unit File Load Path".
 */
export async function installedService(system: System): Promise<'packaged' | 'by probectl' | 'missing'> {
  const isIn = async (directory: string): Promise<boolean> =>
    (await system.list(directory))?.includes(SERVICE) ?? false;
  if ((await isIn('/usr/lib/systemd/system')) || (await isIn('/lib/systemd/system'))) return 'packaged';
  return (await isIn(UNITS)) ? 'by probectl' : 'missing';
}

/** Puts in place what belongs to the service and is not there. */
export const INSTALL_SERVICE = 'sudo probectl service install';
