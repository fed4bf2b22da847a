// What a request costs: rate, round trip, processor time of the server.

import type { Workload } from './load-generator.js';
import { cpuSecondsOf, generateLoad, residentMbOf, startDaemon, startEcho } from './processes.js';
import { rounded, type Row, type Table } from './table.js';
import { operations, pipelined, request, setup } from './workloads.js';

const CLIENTS = [1, 4, 16, 64];
const NOTE =
  'generator load: the share of a core the load generator used. It runs on a core of its own; where it is near 1,\n' +
  'the generator and not the server sets the rate. 64 ahead: the round trip is that of all 64.';

export interface Target {
  readonly name: string;
  readonly host: string;
  readonly ports: readonly number[];
  /** For its processor time, where it runs on this machine. */
  readonly pid?: number;
}

export interface RequestsOptions {
  readonly seconds: number;
  /** Another server, measured in the same run. */
  readonly peer?: Target;
}

/** Round trips of the echo in microseconds, by the number of clients. */
type Floor = ReadonlyMap<number, number>;

export async function* measureRequests({ seconds, peer }: RequestsOptions): AsyncGenerator<Table> {
  await using echo = await startEcho();
  await using daemon = await startDaemon(1);
  const atRest = residentMbOf(daemon.pid);
  const floor = new Map<number, number>();
  const echoRows: Row[] = [];
  const echoed = { setup: [], lines: [request('read_dp', 4)] };
  for (const clients of CLIENTS) {
    const row = await measure({ name: 'echo', host: '127.0.0.1', ...echo }, { ...echoed, clients, seconds });
    floor.set(clients, row['p50 us']);
    echoRows.push({ operation: 'echo', ...row });
  }
  yield { title: 'raw TCP echo in Node', rows: echoRows };

  const local = { name: 'probed', host: '127.0.0.1', ...daemon };
  const rows = await measureAll(local, seconds, floor);
  const memory = `probed resident: ${atRest.toFixed(0)} MB at rest, ${residentMbOf(daemon.pid).toFixed(0)} MB after the load`;
  yield { title: 'probed', rows, note: `${NOTE}\n${memory}` };
  if (!peer) return;
  const peerRows = await measureAll(peer, seconds, floor);
  yield { title: peer.name, rows: peerRows };
  yield { title: `probed, in shares of ${peer.name}`, rows: peerRows.map((row, i) => shares(rows[i], row)) };
}

/** How many times the rate, and at what share of the processor time. */
function shares(ours: Row, theirs: Row): Row {
  const share = (figure: string): number | undefined => {
    const [mine, other] = [ours[figure], theirs[figure]];
    return typeof mine === 'number' && typeof other === 'number' ? rounded(mine / other, 2) : undefined;
  };
  return {
    ...{ operation: ours.operation, clients: ours.clients, 'requests/s': share('requests/s') },
    ...{ 'p50 us': share('p50 us'), 'CPU us/request': share('CPU us/request') },
  };
}

async function measureAll(target: Target, seconds: number, floor: Floor): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [operation, lines] of Object.entries({ ...operations, ...pipelined })) {
    for (const clients of CLIENTS) {
      const row = await measure(target, { setup, lines, clients, seconds });
      rows.push({ operation, ...row, 'p50/echo': rounded(row['p50 us'] / (floor.get(clients) ?? NaN), 2) });
    }
  }
  return rows;
}

async function measure({ host, ports, pid }: Target, work: Omit<Workload, 'host' | 'ports'>) {
  const before = pid === undefined ? 0 : cpuSecondsOf(pid);
  const load = await generateLoad({ host, ports, ...work });
  // The set-up requests are few against the measured ones.
  const cpuUs = pid === undefined ? undefined : ((cpuSecondsOf(pid) - before) / load.requests) * 1e6;
  return {
    clients: work.clients,
    'requests/s': rounded(load.requests / load.seconds),
    'p50 us': rounded(load.p50Us),
    'p99 us': rounded(load.p99Us),
    'CPU us/request': cpuUs === undefined ? undefined : rounded(cpuUs, 1),
    'generator load': rounded(load.generatorLoad, 2),
  } satisfies Row;
}
