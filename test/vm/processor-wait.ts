import { readdirSync, readFileSync } from 'node:fs';

/**
 * How much of the time in which the threads of a process could have run they waited for a processor: what is measured
 * on a machine that has other things to do says little.
 */
export class ProcessorWait {
  readonly #start: Times;

  constructor(private readonly pid: number) {
    this.#start = timesOf(pid);
  }

  /** Since it was made: 0 … 1. */
  get share(): number {
    const { ranNs, waitedNs } = timesOf(this.pid);
    const waited = waitedNs - this.#start.waitedNs;
    return waited / (waited + ranNs - this.#start.ranNs || 1);
  }
}

interface Times {
  readonly ranNs: number;
  readonly waitedNs: number;
}

/** Of all its threads: Linux, Documentation/scheduler/sched-stats.rst, /proc/<pid>/schedstat. */
function timesOf(pid: number): Times {
  const times = { ranNs: 0, waitedNs: 0 };
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [ran, waited] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 2).map(Number);
    times.ranNs += ran;
    times.waitedNs += waited;
  }
  return times;
}
