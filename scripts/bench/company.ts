// What a client pays for being served by something that others can use, too: alone against the driver with nothing on
// top, and beside another client that is connected and does nothing.

import { Disposer } from '../../src/base/disposer.js';
import { connectedClient } from './board-user.js';
import { conversations } from './conversations.js';
import { cpuSecondsOf, generateLoad, startDaemon } from './processes.js';
import { rounded, type Row, type Table } from './table.js';
import { type Company, measureWireCost } from './wire-costs.js';
import { operations, request, setup } from './workloads.js';

const WIRE = { packetSizeBytes: 512, packetCount: 8, transferMs: 0.125 };
const OPERATIONS = ['read_dp', 'read 256 words'];
const REPETITIONS = 100;
/** The last write waits for the next packet else. */
const SETUP = [...setup, request('flush')];

export async function* companyTables(seconds: number): AsyncGenerator<Table> {
  yield {
    title: 'OUT packets of one client: the driver with nothing on top, and probed',
    rows: await driverAgainstProbed(),
  };
  yield {
    title: 'one client, alone and beside another one that is connected and idle',
    rows: await aloneAgainstBeside(seconds),
    note: 'OUT packets: counted on a simulated bus, those of connecting left out.',
  };
}

async function driverAgainstProbed(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [operation, lines] of Object.entries(conversations)) {
    const { outPackets: driver } = await measureWireCost(lines, WIRE, 'driver only');
    const { outPackets: probed } = await measureWireCost(lines, WIRE);
    rows.push({ operation, driver, probed });
  }
  return rows;
}

async function aloneAgainstBeside(seconds: number): Promise<Row[]> {
  await using daemon = await startDaemon(1);
  const { port, ports, pid } = daemon;
  const rows: Row[] = [];
  for (const operation of OPERATIONS) {
    const lines = operations[operation];
    for (const company of ['alone', 'beside an idle client'] as const) {
      await using companions = new Disposer();
      if (company === 'beside an idle client') companions.use(await connectedClient(port));
      const before = cpuSecondsOf(pid);
      const load = await generateLoad({ host: '127.0.0.1', ports, clients: 1, seconds, setup, lines });
      rows.push({
        ...{ operation, client: company, [`OUT packets of ${REPETITIONS}`]: await packetsOf(lines, company) },
        ...{ 'p50 us': rounded(load.p50Us, 1), 'p99 us': rounded(load.p99Us) },
        'CPU us/request': rounded(((cpuSecondsOf(pid) - before) / load.requests) * 1e6, 1),
      });
    }
  }
  return rows;
}

/** OUT packets of an operation, repeated. */
export async function packetsOf(lines: readonly string[], company: Company): Promise<number> {
  const repeated = Array.from({ length: REPETITIONS }, () => lines).flat();
  const whole = await measureWireCost([...SETUP, ...repeated], WIRE, company);
  return whole.outPackets - (await measureWireCost(SETUP, WIRE, company)).outPackets;
}
