import type { Problem } from '../control/snapshots.js';

/**
 * What is wrong with `access.local_group`; undefined if nothing is. It keeps no daemon from starting: a name service may
 * not be up yet.
 */
export async function groupProblem(
  group: string | undefined,
  users: { hasGroup(group: string): Promise<boolean> },
): Promise<Problem | undefined> {
  if (group === undefined || (await users.hasGroup(group))) return undefined;
  return {
    what: `the system knows no group ${group} (access.local_group): of this machine's users only root gets in`,
    remedy: `make it ("sudo groupadd ${group}") and run "probectl rescan", or name another one in the config`,
  };
}
