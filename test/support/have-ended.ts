import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** Waits until none of these processes runs any more. */
export async function haveEnded(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (pids.some(runs)) {
    assert(performance.now() < deadline, `still there: ${pids.filter(runs).join(' ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** One that nobody has asked for its exit code (Z) does not run. */
function runs(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}
