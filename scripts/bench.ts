// npm run bench [-- --seconds 2] [-- --vs HOST:PORT [--vs-pid PID]]
// What a request costs, in one run on this machine, beside a raw TCP echo in Node: the floor.

import process from 'node:process';
import { parseArgs } from 'node:util';
import type { LoadResult, Workload } from './bench/load-generator.js';
import { cpuSecondsOf, generateLoad, residentMbOf, startDaemon, startEcho } from './bench/processes.js';
import { operations, request, setup } from './bench/workloads.js';

const CLIENTS = [1, 4, 16];

interface Row {
  readonly operation: string;
  readonly clients: number;
  readonly load: LoadResult;
  readonly cpuUs?: number;
}

interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid?: number;
}

async function measure(
  target: Target,
  operation: string,
  work: Pick<Workload, 'setup' | 'lines'>,
  clients: number,
): Promise<Row> {
  const { host, port, pid } = target;
  const before = pid === undefined ? 0 : cpuSecondsOf(pid);
  const load = await generateLoad({ host, port, clients, seconds, ...work });
  // The set-up requests are few against the measured ones.
  const cpuUs = pid === undefined ? undefined : ((cpuSecondsOf(pid) - before) / load.requests) * 1e6;
  return { operation, clients, load, ...(cpuUs !== undefined && { cpuUs }) };
}

async function measureAll(target: Target): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [operation, lines] of Object.entries(operations)) {
    for (const clients of CLIENTS) rows.push(await measure(target, operation, { setup, lines }, clients));
  }
  return rows;
}

function printTable(title: string, rows: readonly Row[], floor: readonly Row[]): void {
  const cell = (value: number | undefined, digits = 0): string => (value === undefined ? '-' : value.toFixed(digits));
  console.log(`\n${title}`);
  console.log('operation         clients  requests/s   p50 us   p99 us  p50/echo  CPU us/request  generator load');
  for (const { operation, clients, load, cpuUs } of rows) {
    const echo = floor.find((row) => row.clients === clients)?.load.p50Us ?? NaN;
    console.log(
      operation.padEnd(16) +
        [
          [cell(clients), 9],
          [cell(load.requests / load.seconds), 12],
          [cell(load.p50Us), 9],
          [cell(load.p99Us), 9],
          [cell(load.p50Us / echo, 2), 10],
          [cell(cpuUs, 1), 16],
          [cell(load.generatorLoad, 2), 16],
        ]
          .map(([text, width]) => String(text).padStart(Number(width)))
          .join(''),
    );
  }
}

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '2' }, vs: { type: 'string' }, 'vs-pid': { type: 'string' } },
});
const seconds = Number(values.seconds);

await using echo = await startEcho();
await using daemon = await startDaemon(1);
const atRest = residentMbOf(daemon.pid);

const floor: Row[] = [];
const line = request('read_dp', 4);
for (const clients of CLIENTS) {
  floor.push(
    await measure({ name: 'echo', host: '127.0.0.1', ...echo }, 'echo', { setup: [], lines: [line] }, clients),
  );
}
printTable('raw TCP echo in Node', floor, floor);
printTable('probed', await measureAll({ name: 'probed', host: '127.0.0.1', ...daemon }), floor);
console.log(
  `\nprobed resident: ${atRest.toFixed(0)} MB at rest, ${residentMbOf(daemon.pid).toFixed(0)} MB after the load`,
);

if (values.vs !== undefined) {
  const [host, port] = values.vs.split(/:(?=\d+$)/);
  const pid = values['vs-pid'] === undefined ? {} : { pid: Number(values['vs-pid']) };
  printTable(values.vs, await measureAll({ name: values.vs, host, port: Number(port), ...pid }), floor);
}
console.log(
  '\ngenerator load: the share of a core the load generator used. It runs on a core of its own; where it is near 1,\n' +
    'the generator and not the server sets the rate.',
);
process.exitCode = 0;
