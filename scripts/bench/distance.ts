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
import { builtPrograms } from '../../test/support/programs.js';
import { hasSshd, SshServer } from '../../test/support/ssh-server.js';
import { SshTunnel } from '../../test/support/ssh-tunnel.js';
import { readTranscript } from '../../test/support/transcript.js';
import { rounded, type Row, type Table } from './table.js';

const ROUND_TRIP_MS = 20;
const BOUND = '> 4';
const RECORDINGS = { 'connect only': 'cmd-status', 'load of 6 KB': 'load-elf', "gdb's load of 6 KB": 'gdb-load' };
const PORT = 5555;
const player = path.join(import.meta.dirname, '../../test/support/player.ts');

/** A probe at the far end, as it is reached from the near one. */
interface Reached {
  /** Of a stock client alone. */
  readonly host: string;
  readonly port: number;
  /** What opens a port at the near end that is faster. */
  readonly helper: ProbectlProcess;
}

/** Takes what `DelayedLink` takes. */
export async function* distanceTables(): AsyncGenerator<Table> {
  await using link = await DelayedLink.open(ROUND_TRIP_MS / 2);
  yield await measure(link, 'probed', async (disposer) => {
    disposer.use(await startProbed(link, ['--allow-remote', 'any']));
    return accelerated(link);
  });
  if (hasSshd()) yield await measure(link, 'probed, over ssh', (disposer) => overSsh(link, disposer));
  if (pyocdServerCommand === undefined) return;
  yield await measure(link, 'pyocd server', async (disposer) => {
    disposer.use(await startPyocdServer(link.on('far'), PORT));
    return accelerated(link);
  });
}

async function startProbed(link: DelayedLink, options: readonly string[]): Promise<DaemonProcess> {
  const args = ['--simulate', '1', '--port', String(PORT), ...options];
  const daemon = DaemonProcess.spawn(args, undefined, builtPrograms, { before: link.on('far') });
  await daemon.printed(1);
  return daemon;
}

function accelerated(link: DelayedLink): Reached {
  const host = link.addressOf('far');
  return { host, port: PORT, helper: probectl(link, '/nowhere', ['accelerate', `${host}:${PORT}`]) };
}

async function overSsh(link: DelayedLink, disposer: Disposer): Promise<Reached> {
  const { folder } = disposer.use(await startProbed(link, []));
  const far = { address: link.addressOf('far'), before: link.on('far'), programs: builtPrograms };
  const sshd = disposer.use(await SshServer.start(folder, far));
  const { port } = disposer.use(await SshTunnel.open(PORT, sshd, link.on('near')));
  const helper = probectl(link, sshd.folder, ['forward', '--host', 'ssh://lab', 'SIM0001'], sshd.env);
  return { host: '127.0.0.1', port, helper };
}

function probectl(
  link: DelayedLink,
  folder: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): ProbectlProcess {
  return new ProbectlProcess(folder, args, {
    ...{ programs: builtPrograms, before: link.on('near'), more, timeoutMs: 300_000 },
  });
}

async function measure(
  link: DelayedLink,
  server: string,
  reach: (disposer: Disposer) => Promise<Reached>,
): Promise<Table> {
  const rows: Row[] = [];
  for (const [conversation, recording] of Object.entries(RECORDINGS)) {
    await using disposer = new Disposer();
    const { host, port, helper } = await reach(disposer);
    disposer.defer(async () => {
      await helper.interrupt();
    });
    const play = (...address: readonly string[]): Promise<number> => playNear(link, [recording, ...address]);
    const alone = await play(host, String(port));
    const helped = await play('127.0.0.1', String(await portOf(helper, /remote:localhost:(\d+)/)));
    rows.push({
      ...{ conversation, requests: readTranscript(recording).length },
      ...{ 'alone s': rounded(alone / 1000, 2), 'with the helper s': rounded(helped / 1000, 2) },
      ...{ ratio: rounded(alone / helped, 2), bound: BOUND },
    });
  }
  return { title: `recorded requests to ${server}, ${ROUND_TRIP_MS} ms away`, rows };
}

/** As `play`, at the near end: what else passes over the link does not count. */
async function playNear(link: DelayedLink, args: readonly string[]): Promise<number> {
  const [program = '', ...rest] = [...link.on('near'), process.execPath, '--import', 'tsx', player, ...args];
  return Number((await promisify(execFile)(program, rest)).stdout);
}
