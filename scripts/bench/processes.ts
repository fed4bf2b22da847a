// Servers as processes of their own, and what the kernel says they used.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { LoadResult, Workload } from './load-generator.js';

const here = import.meta.dirname;
const root = path.join(here, '../..');

export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
}

export function startEcho(): Promise<ServerProcess> {
  return start(['--import', 'tsx', path.join(here, 'echo-server.ts')], /listening on (\d+)/);
}

/** The built daemon, as a user runs it. */
export function startDaemon(probes: number): Promise<ServerProcess> {
  const args = ['--simulate', String(probes), '--port', '0', '--log-level', 'error'];
  return start([path.join(root, 'dist/main.js'), ...args], /remote:localhost:(\d+)/);
}

async function start(args: readonly string[], ready: RegExp): Promise<ServerProcess> {
  const child: ChildProcess = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const { stdout, pid } = child;
  if (!stdout || pid === undefined) throw new Error(`cannot start ${args.join(' ')}`);
  let output = '';
  stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  while (!ready.test(output)) await once(stdout, 'data');
  return {
    pid,
    port: Number(ready.exec(output)?.[1]),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.kill();
      await once(child, 'exit');
    },
  };
}

/** Runs the load generator in a process of its own. */
export async function generateLoad(workload: Workload): Promise<LoadResult> {
  const generator = path.join(here, 'load-generator.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    generator,
    JSON.stringify(workload),
  ]);
  return JSON.parse(stdout) as LoadResult;
}

/**
 * Processor time a process has used so far, all threads, to the nanosecond (Linux: the first field of schedstat, in the
 * kernel's Documentation/scheduler/sched-stats.rst). The ticks of proc(5) stat are 10 ms, which is longer than an idle
 * daemon needs in a second.
 */
export function cpuSecondsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return 0; // the thread has ended
    }
  });
  return nanoseconds.reduce((sum, time) => sum + time, 0) / 1e9;
}

/** Resident memory of a process, in MiB (proc(5) status, VmRSS). */
export function residentMbOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
