import { packagedUnit } from './plan-service.js';
import { type Installation, SERVICE, serviceFiles } from './service-files.js';
import type { ServiceMachine } from './service-machine.js';

export interface ServiceState {
  /** The unit of a package of the system, which has the files, too. */
  readonly unit?: string;
  readonly files: readonly { readonly path: string; readonly state: 'missing' | 'installed' | 'of another version' }[];
  /** In systemctl's words: "enabled", "disabled", "not-found"; "active", "inactive", "failed". */
  readonly enabled: string;
  readonly active: string;
}

export async function serviceState(installation: Installation, machine: ServiceMachine): Promise<ServiceState> {
  const unit = await packagedUnit(machine);
  const [enabled, active] = await Promise.all(
    ['is-enabled', 'is-active'].map(async (verb) => {
      const { output } = await machine.run(['systemctl', verb, SERVICE]);
      return output.split('\n').at(0) ?? '';
    }),
  );
  const files = unit === undefined ? await filesState(installation, machine) : [];
  return { ...(unit !== undefined && { unit }), files, enabled, active };
}

async function filesState(installation: Installation, machine: ServiceMachine): Promise<ServiceState['files']> {
  const wanted = await serviceFiles(installation, machine);
  return Promise.all(
    wanted.map(async ({ path, text }) => {
      const found = await machine.readText(path);
      const state = found === undefined ? 'missing' : found === text ? 'installed' : 'of another version';
      return { path, state } as const;
    }),
  );
}
