import { spawnSync } from 'node:child_process';

/** The processes that a process has started, and those that they have, the youngest first. */
export function descendants(pid: number): readonly number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  const children = stdout.trim().split(/\s+/).filter((text) => text !== '').map(Number); // prettier-ignore
  return children.flatMap((child) => [...descendants(child), child]);
}
