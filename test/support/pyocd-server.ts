import { startProgram } from './pyocd.js';

/** A command line that runs `pyocd server` on a probe, such as "pyocd server -u UID"; undefined: there is none. */
export const pyocdServerCommand = process.env.PYOCD_SERVER;

/**
 * Starts pyOCD's own server, for other machines too, and waits until it serves.
 * @param before  a command that runs it, such as `ip netns exec far`
 */
export async function startPyocdServer(before: readonly string[], port: number): Promise<AsyncDisposable> {
  const line = `exec ${pyocdServerCommand ?? 'pyocd server'} --allow-remote -p ${port}`;
  const [program, ...args] = [...before, 'sh', '-c', line];
  const server = startProgram(program, args, 300_000);
  await server.printed(/ on port \d+/);
  return server;
}
