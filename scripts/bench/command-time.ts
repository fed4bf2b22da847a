// How long an operator waits for probectl, beside what Node alone takes to start.

import { execFileSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import type { DaemonProcess } from './processes.js';
import { rounded, type Table } from './table.js';

const ROUNDS = 21;
const probectl = path.join(import.meta.dirname, '../../dist/cli/main.js');

/** In turn, so that both have the same machine. */
export function measureCommands({ socketPath }: DaemonProcess): Table {
  const commands = {
    'node -e 0': ['-e', '0'],
    'probectl status': [probectl, '--socket', socketPath, 'status'],
    'probectl __complete show ""': [probectl, '__complete', 'show', ''],
  };
  const times = Object.entries(commands).map(([name, args]) => ({ name, args, tookMs: [] as number[] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const { args, tookMs } of times) {
      const started = performance.now();
      execFileSync(process.execPath, args, { env: { ...process.env, PROBED_SOCKET: socketPath } });
      tookMs.push(performance.now() - started);
    }
  }
  const nodeMs = median(times[0].tookMs);
  return {
    title: `Commands, median of ${ROUNDS}`,
    rows: times.map(({ name, tookMs }) => ({
      command: name,
      ms: rounded(median(tookMs), 1),
      'x node': rounded(median(tookMs) / nodeMs, 2),
    })),
    note: 'probectl status is to take at most 3 x what Node alone takes.',
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}
