// What the way through `probectl forward` costs a request, beside the way without it; and over ssh beside `ssh -L`.

import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { builtPrograms } from '../../test/support/programs.js';
import { play } from '../../test/support/play.js';
import { readTranscript } from '../../test/support/transcript.js';
import { openWays } from '../../test/support/ways-to-probe.js';
import { hasSshd } from '../../test/support/ssh-server.js';
import { median } from './median.js';
import { generateLoad, startDaemon } from './processes.js';
import { rounded, type Row, type Table } from './table.js';
import { operations, setup } from './workloads.js';

const ROUNDS = 5;
const LOAD = 'load-elf';

export async function forwardingTable(seconds: number): Promise<Table> {
  await using disposer = new Disposer();
  const { port: served, socketPath } = disposer.use(await startDaemon(1));
  const probe = { port: served, folder: path.dirname(socketPath), programs: builtPrograms };
  const ways = await openWays(probe, disposer);
  const reads = new Figures();
  const loads = new Figures();
  for (let round = 0; round < ROUNDS; round++) {
    // In turn, so that what else the machine does meets all of them.
    for (const { name, port } of ways) {
      const load = { host: '127.0.0.1', ports: [port], clients: 1, seconds: seconds / ROUNDS };
      reads.note(name, (await generateLoad({ ...load, setup, lines: operations.read_dp })).p50Us);
      loads.note(name, await play({ recording: LOAD, port }));
    }
  }
  const rows = ways.map(({ name, beside, bound, relayed }): Row => ({
    ...{ way: name, beside, bound: bound && `< ${bound}` },
    ...{ 'read_dp us': rounded(median(reads.of(name)), 1), ratio: reads.ratio(name, beside) },
    ...{ 'beside the relay': reads.ratio(name, relayed) },
    ...{ 'load ms': rounded(median(loads.of(name)), 1), 'ratio of loads': loads.ratio(name, beside) },
  }));
  const note =
    `read_dp: round trip of one that is waited for. load: ${readTranscript(LOAD).length} requests of a stock client that ` +
    'loads 6 KB, as recorded. Medians of rounds in which the ways take turns. The relay passes bytes on.';
  return { title: 'the forwarded path on loopback', rows, note: hasSshd() ? note : `${note} ssh: NOT RUN, no sshd.` };
}

/** A figure of each way in each round. */
class Figures {
  readonly #figures = new Map<string, number[]>();

  note(way: string, figure: number): void {
    this.#figures.set(way, [...this.of(way), figure]);
  }

  of(way: string): readonly number[] {
    return this.#figures.get(way) ?? [];
  }

  /** Of one way to another in the same round, the median. */
  ratio(way: string, other: string | undefined): number | undefined {
    if (other === undefined) return undefined;
    return rounded(median(this.of(way).map((figure, round) => figure / this.of(other)[round])), 2);
  }
}
