import { type Check, fine, problem } from './check.js';
import { INSTALL_SERVICE, installedService } from './installed-service.js';

/** The group that may use control socket and probes. */
const GROUP = 'probed';

/** The command that starts the daemon. */
export function startCommand(platform: string): string {
  return platform === 'darwin' ? 'brew services start probed' : 'sudo systemctl start probed';
}

/** Does the daemon answer, and if not, why not? */
export const checkDaemon: Check = async ({ system, daemon }) => {
  switch (daemon.kind) {
    case 'answers':
      return [fine(`probed ${daemon.status.version} answers, pid ${daemon.status.pid}`)];
    case 'absent': {
      const isMissing = system.platform === 'linux' && (await installedService(system)) === 'missing';
      const remedy = isMissing ? INSTALL_SERVICE : startCommand(system.platform);
      return [problem(`no daemon answers on ${daemon.path}`, remedy)];
    }
    case 'forbidden': {
      const id = await system.groupIdOf(daemon.path);
      const group = id === undefined ? undefined : await system.findGroup(id);
      // Nobody should become a member of root's group for that.
      const remedy =
        id === 0
          ? `set control.group = "${GROUP}" in the config of the daemon, and start it again`
          : `sudo usermod -aG ${group?.name ?? GROUP} ${system.userName}   (then log in again)`;
      return [problem(`you may not use ${daemon.path}`, remedy)];
    }
    case 'broken':
      return [problem(`what answers on ${daemon.path} is no probed`, 'probectl --socket PATH doctor')];
  }
};

/** Is the user in the group, and does this session know it? */
export const checkGroup: Check = async ({ system }) => {
  if (system.platform !== 'linux' || system.isRoot) return [];
  const group = await system.findGroup(GROUP);
  if (!group) return [problem(`there is no group ${GROUP}`, `sudo groupadd --system ${GROUP}`)];
  if (system.groupIds.includes(group.id)) return [fine(`you are in group ${GROUP}`)];
  return group.members.includes(system.userName)
    ? [problem(`you are in group ${GROUP}, but not in this session`, `newgrp ${GROUP}   (or log out and in)`)]
    : [problem(`you are not in group ${GROUP}`, `sudo usermod -aG ${GROUP} ${system.userName}   (then log in again)`)];
};

/** What the daemon itself complains about. */
export const checkReported: Check = async ({ daemon }) =>
  daemon.kind === 'answers'
    ? daemon.status.problems.map(({ uid, what, remedy }) =>
        problem(uid === undefined ? what : `${uid}: ${what}`, remedy),
      )
    : [];
