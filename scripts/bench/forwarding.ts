// What the way through `probectl forward` costs a request, beside the way without it; and over ssh beside `ssh -L`.

import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { openWays } from '../../test/support/ways-to-probe.js';
import { hasSshd } from '../../test/support/ssh-server.js';
import { median } from './median.js';
import { builtPrograms, generateLoad, startDaemon } from './processes.js';
import { rounded, type Row, type Table } from './table.js';
import { operations, setup } from './workloads.js';

const ROUNDS = 5;

export async function forwardingTable(seconds: number): Promise<Table> {
  await using disposer = new Disposer();
  const { port: served, socketPath } = disposer.use(await startDaemon(1));
  const probe = { port: served, folder: path.dirname(socketPath), programs: builtPrograms };
  const ways = await openWays(probe, disposer);
  const figures = new Map(ways.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    // In turn, so that what else the machine does meets all of them.
    for (const { name, port } of ways) {
      const load = { host: '127.0.0.1', ports: [port], clients: 1, seconds: seconds / ROUNDS };
      figures.get(name)?.push((await generateLoad({ ...load, setup, lines: operations.read_dp })).p50Us);
    }
  }
  const figuresOf = (name: string): readonly number[] => figures.get(name) ?? [];
  const times = (name: string, other: string | undefined): number | undefined =>
    other === undefined
      ? undefined
      : rounded(median(figuresOf(name).map((us, round) => us / figuresOf(other)[round])), 2);
  const rows = ways.map(({ name, beside, bound, floor }): Row => ({
    ...{ way: name, 'p50 us': rounded(median(figuresOf(name)), 1), beside },
    ...{ ratio: times(name, beside), bound: bound && `< ${bound}`, 'beside the relay': times(name, floor) },
  }));
  const note = 'read_dp of one client; medians of rounds in which the ways take turns. The relay passes bytes on.';
  return { title: 'the forwarded path on loopback', rows, note: hasSshd() ? note : `${note} ssh: NOT RUN, no sshd.` };
}
