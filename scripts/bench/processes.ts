// Servers as processes of their own, and what the kernel says they used.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import type { LoadResult, Workload } from './load-generator.js';

const here = import.meta.dirname;
const root = path.join(here, '../..');
/** Twice as many as the default allows. */
const MOST_CLIENTS = 64;

export interface ServerProcess extends AsyncDisposable {
  /** The first of them. */
  readonly port: number;
  readonly ports: readonly number[];
  readonly pid: number;
  /** From the start until it serves. */
  readonly servedMs: number;
}

export interface DaemonProcess extends ServerProcess {
  /** Its control socket. */
  readonly socketPath: string;
}

export function startEcho(): Promise<ServerProcess> {
  return start(['--import', 'tsx', path.join(here, 'echo-server.ts')], /listening on (\d+)/);
}

/** The built daemon, as a user runs it, on simulated probes. Its socket and its state are in a folder of their own. */
export async function startDaemon(probes: number): Promise<DaemonProcess> {
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-bench-'));
  const config = path.join(folder, 'probed.toml');
  writeFileSync(config, `[limits]\nclients_per_probe = ${MOST_CLIENTS}\n`);
  const args = ['--config', config, '--simulate', String(probes), '--port', '0', '--log-level', 'error'];
  const server = await start([path.join(root, 'dist/main.js'), ...args], /remote:localhost:(\d+)/, {
    servers: probes,
    env: { RUNTIME_DIRECTORY: folder, STATE_DIRECTORY: path.join(folder, 'state') },
  });
  return {
    ...server,
    socketPath: path.join(folder, 'control.sock'),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param ready  matches one line for each of `servers`, and in it the port */
async function start(
  args: readonly string[],
  ready: RegExp,
  { servers = 1, env = {} }: { readonly servers?: number; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ServerProcess> {
  const started = performance.now();
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const { stdout, pid } = child;
  if (!stdout || pid === undefined) throw new Error(`cannot start ${args.join(' ')}`);
  let output = '';
  stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const portsSoFar = (): number[] =>
    [...output.matchAll(new RegExp(ready, 'g'))].map(([, port]) => Number(port)).slice(0, servers);
  while (portsSoFar().length < servers) await once(stdout, 'data');
  const ports = portsSoFar();
  return {
    ...{ pid, ports, port: ports[0], servedMs: performance.now() - started },
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
 * Processor time a process has used so far, in all threads. To the nanosecond from schedstat of each (Linux, its
 * Documentation/scheduler/sched-stats.rst), where threads that have ended are missing; they are in the ticks of proc(5)
 * stat, of 10 ms each and rounded down, which are more than the sum only if there were any.
 */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]); // fields 14 and 15: utime, stime
  return Math.max(ticks / 100, liveThreadsNs(pid) / 1e9);
}

function liveThreadsNs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return 0; // the thread has ended
    }
  });
  return nanoseconds.reduce((sum, time) => sum + time, 0);
}

/** Resident memory of a process, in MiB (proc(5) status, VmRSS). */
export function residentMbOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
}
