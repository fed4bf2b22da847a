// What a distance of 20 ms makes of a stock client's work, alone and with the helper: recorded requests over a link that
// delays packets, to probed, and to `pyocd server` where PYOCD_SERVER names it.

import { execFile } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../../test/support/daemon-process.js';
import { DelayedLink } from '../../test/support/delayed-link.js';
import { portOf } from '../../test/support/forwarded-port.js';
import { ProbectlProcess } from '../../test/support/probectl-process.js';
import { pyocdServerCommand, startPyocdServer } from '../../test/support/pyocd-server.js';
import { readTranscript } from '../../test/support/transcript.js';
import { builtPrograms } from './processes.js';
import { rounded, type Row, type Table } from './table.js';

const ROUND_TRIP_MS = 20;
const BOUND = '> 4';
const RECORDINGS = { 'connect only': 'cmd-status', 'load of 6 KB': 'load-elf', "gdb's load of 6 KB": 'gdb-load' };
const PORT = 5555;
const player = path.join(import.meta.dirname, '../../test/support/player.ts');

/** Takes what `DelayedLink` takes. */
export async function* distanceTables(): AsyncGenerator<Table> {
  await using link = await DelayedLink.open(ROUND_TRIP_MS / 2);
  yield await measure(link, 'probed', async () => {
    const args = ['--simulate', '1', '--port', String(PORT), '--allow-remote', 'any'];
    const daemon = DaemonProcess.spawn(args, undefined, builtPrograms, { before: link.on('far') });
    await daemon.printed(1);
    return daemon;
  });
  if (pyocdServerCommand === undefined) return;
  yield await measure(link, 'pyocd server', () => startPyocdServer(link.on('far'), PORT));
}

async function measure(link: DelayedLink, server: string, start: () => Promise<AsyncDisposable>): Promise<Table> {
  const rows: Row[] = [];
  for (const [conversation, recording] of Object.entries(RECORDINGS)) {
    await using disposer = new Disposer();
    disposer.use(await start());
    const play = (host: string, port: number): Promise<number> =>
      link.time(() => runNear(link, [process.execPath, '--import', 'tsx', player, recording, host, String(port)]));
    const alone = await play(link.addressOf('far'), PORT);
    const helper = new ProbectlProcess('/nowhere', ['accelerate', `${link.addressOf('far')}:${PORT}`], {
      ...{ programs: builtPrograms, before: link.on('near'), timeoutMs: 300_000 },
    });
    disposer.defer(async () => {
      await helper.interrupt();
    });
    const helped = await play('127.0.0.1', await portOf(helper, /remote:localhost:(\d+)/));
    rows.push({
      ...{ conversation, requests: readTranscript(recording).length },
      ...{ 'alone s': rounded(alone / 1000, 2), 'with the helper s': rounded(helped / 1000, 2) },
      ...{ ratio: rounded(alone / helped, 2), bound: BOUND },
    });
  }
  return { title: `recorded requests to ${server}, ${ROUND_TRIP_MS} ms away`, rows };
}

async function runNear(link: DelayedLink, command: readonly string[]): Promise<void> {
  const [program = '', ...args] = [...link.on('near'), ...command];
  await promisify(execFile)(program, args);
}
