// What clients of different probes cost one another: they share one process.

import { ControlClient } from '../../src/control/control-client.js';
import { generateLoad, type DaemonProcess } from './processes.js';
import { rounded, type Table } from './table.js';
import { operations, request, setup } from './workloads.js';

/** 64 KB, as many words as a client may ask for in pieces of 1 KB. */
const STREAM = Array.from({ length: 64 }, (_, i) => [
  request('write_ap', 4, 0x20000000 + i * 1024),
  request('read_ap_multiple', 12, 256),
]).flat();

/** @param daemon  with 16 probes that nobody uses */
export async function measureBusy({ ports, socketPath }: DaemonProcess, seconds: number): Promise<Table> {
  const host = '127.0.0.1';
  const reader = { host, ports: ports.slice(0, 1), clients: 1, seconds, setup, lines: operations.read_dp };
  const alone = await generateLoad(reader);
  const [beside] = await Promise.all([
    generateLoad(reader),
    // A little longer than the reader needs to start and to run.
    generateLoad({ host, ports: ports.slice(1, 2), clients: 1, seconds: seconds + 1, setup, lines: STREAM }),
  ]);
  await generateLoad({ host, ports, clients: 16, seconds: 3 * seconds, setup, lines: operations['read 256 words'] });
  const delayMs = await loopDelayMs(socketPath);
  const row = (figure: string, value: number, bound: string) => ({ figure, value, bound });
  return {
    title: '16 probes in one process',
    rows: [
      row('read_dp p99 of one client, alone, us', rounded(alone.p99Us), ''),
      row('the same beside a stream of 64 KB blocks on another probe, us', rounded(beside.p99Us), ''),
      row('ratio', rounded(beside.p99Us / alone.p99Us, 2), '< 3'),
      row('event loop delay p99 with 16 busy clients, ms', delayMs, '< 20'),
    ],
  };
}

async function loopDelayMs(socketPath: string): Promise<number> {
  await using client = await ControlClient.connect(socketPath);
  return (await client.call('status', {})).loopDelayMs ?? NaN;
}
