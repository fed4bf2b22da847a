import { type ChildProcess, spawn } from 'node:child_process';

/** If we are killed, so that nobody can do it, a shell at the other end of a pipe sees that and ends a process. */
export function endWithUs(pid: number): Disposable {
  const script = 'read -r _; kill -TERM "$1" 2>/dev/null';
  const guard: ChildProcess = spawn('sh', ['-c', script, 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true, // Ctrl-C is not for it
  });
  guard.once('error', () => undefined); // no shell, no guard
  guard.unref();
  return { [Symbol.dispose]: () => guard.kill('SIGKILL') };
}
