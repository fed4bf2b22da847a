import fs from 'node:fs';
import type { Operations } from './agent.js';

/** What a process holds: descriptors, threads, and resident memory in MiB (proc(5) status, VmRSS). */
async function processFigures({ pid }: { pid: number }): Promise<object> {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return {
    descriptors: fs.readdirSync(`/proc/${pid}/fd`).length,
    threads: number('Threads'),
    residentMb: number('VmRSS') / 1024,
  };
}

export const operations: Operations = { processFigures };
