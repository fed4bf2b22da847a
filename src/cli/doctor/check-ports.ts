import { holderOf } from '../../base/file-holder.js';
import { type Check, problem } from './check.js';
import type { System } from './system.js';

/** Who has the ports that the daemon could not open? */
export const checkPorts: Check = async ({ system, daemon }) => {
  if (daemon.kind !== 'answers' || system.platform !== 'linux') return [];
  const findings = [];
  for (const { uid, state, port } of daemon.status.probes) {
    if (state !== 'failed' || port === undefined) continue;
    const inodes = await listenersOn(system, port);
    if (inodes.length === 0) continue;
    const { holder } = await holderOf(system, (link) => inodes.some((inode) => link === `socket:[${inode}]`));
    findings.push(
      holder
        ? problem(`${uid}: port ${port} is taken by ${holder.name}, pid ${holder.pid}`, `kill ${holder.pid}`)
        : problem(`${uid}: port ${port} is taken by another user's program`, `sudo ss -ltnp 'sport = :${port}'`),
    );
  }
  return findings;
};

/** Inodes of the sockets that listen on a port. proc(5), /proc/net/tcp: state 0A is LISTEN, the tenth word the inode. */
async function listenersOn(system: System, port: number): Promise<readonly string[]> {
  const tables = [await system.readText('/proc/net/tcp'), await system.readText('/proc/net/tcp6')];
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return tables
    .flatMap((text) => text?.split('\n') ?? [])
    .map((line) => line.trim().split(/\s+/))
    .filter((words) => words.at(1)?.endsWith(suffix) && words.at(3) === '0A')
    .flatMap((words) => words.at(9) ?? []);
}
