// npm run bench:idle [-- --probes 64] [-- --used 16] [-- --seconds 5]
// What the daemon costs while nobody uses it, before and after clients have used boards and left their cores running,
// and how fast probectl answers beside an empty Node program.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { useBoard } from './bench/board-user.js';
import { median } from './bench/median.js';
import { cpuSecondsOf, residentMbOf, startDaemon } from './bench/processes.js';

const { values } = parseArgs({
  options: {
    probes: { type: 'string', default: '64' },
    used: { type: 'string', default: '16' },
    seconds: { type: 'string', default: '5' },
  },
});
const [probes, used, seconds] = [Number(values.probes), Number(values.used), Number(values.seconds)];
/** After the start there is garbage to collect and code to compile; that is no cost of being idle. */
const CALM_MS = 2000;
const ROUNDS = 15;

/** The share of a core that a process takes, in percent. */
async function cpuPercentOf(pid: number): Promise<number> {
  await sleep(CALM_MS);
  const [cpuBefore, before] = [cpuSecondsOf(pid), performance.now()];
  await sleep(seconds * 1000);
  return (100 * (cpuSecondsOf(pid) - cpuBefore)) / ((performance.now() - before) / 1000);
}

interface Idle {
  readonly servedMs: number;
  readonly residentMb: number;
  readonly cpuPercent: number;
  readonly probectl: { readonly statusMs: number; readonly nodeMs: number };
}

async function measureIdle(count: number): Promise<Idle> {
  await using daemon = await startDaemon(count);
  const { pid, servedMs } = daemon;
  const cpuPercent = await cpuPercentOf(pid);
  return { servedMs, residentMb: residentMbOf(pid), cpuPercent, probectl: statusBesideNode(daemon.socketPath) };
}

/** CPU while each of `count` boards has a client, its core running, and after they have gone. In percent of a core. */
async function measureUsed(count: number): Promise<{ readonly during: number; readonly after: number }> {
  await using daemon = await startDaemon(count);
  const clients = await Promise.all(daemon.ports.map((port) => useBoard(port)));
  const during = await cpuPercentOf(daemon.pid);
  for (const client of clients) await client[Symbol.asyncDispose]();
  return { during, after: await cpuPercentOf(daemon.pid) };
}

/** Taken by turns, so that whatever else the machine does meets both; medians. */
function statusBesideNode(socketPath: string): Idle['probectl'] {
  const timesOf = { status: [] as number[], node: [] as number[] };
  const status = [path.join(import.meta.dirname, '../dist/cli/main.js'), '--socket', socketPath, 'status'];
  for (let round = 0; round < ROUNDS; round++) {
    timesOf.node.push(timeOf(['-e', '0']));
    timesOf.status.push(timeOf(status));
  }
  return { statusMs: median(timesOf.status), nodeMs: median(timesOf.node) };
}

function timeOf(args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args);
  if (status !== 0) throw new Error(`${args.join(' ')}: ${String(stderr)}`);
  return performance.now() - started;
}

const base = await measureIdle(1);
const many = await measureIdle(probes);
const boards = await measureUsed(used);
const { statusMs, nodeMs } = many.probectl;
const perProbeKb = ((many.residentMb - base.residentMb) * 1024) / (probes - 1);
const rows = [
  [`start until ${probes} probes are served`, `${many.servedMs.toFixed(0)} ms`, '< 2000 ms'],
  ['memory with 1 probe', `${base.residentMb.toFixed(1)} MB`, ''],
  [`memory with ${probes} probes`, `${many.residentMb.toFixed(1)} MB`, ''],
  ['memory per idle probe', `${perProbeKb.toFixed(0)} kB`, '< 1024 kB'],
  [`CPU while idle, ${seconds} s`, `${many.cpuPercent.toFixed(3)} % of a core`, '< 0.5 %'],
  [`with ${used} clients, cores running`, `${boards.during.toFixed(1)} % of a core`, ''],
  ['after they have left them running', `${boards.after.toFixed(3)} % of a core`, '< 0.5 %'],
  ['node -e 0', `${nodeMs.toFixed(0)} ms`, ''],
  ['probectl status', `${statusMs.toFixed(0)} ms, ${(statusMs / nodeMs).toFixed(2)} x node -e 0`, '< 3 x'],
];
for (const [what, figure, bound] of rows) console.log(`${what.padEnd(36)}${figure.padEnd(28)}${bound}`);
