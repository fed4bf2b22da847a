// scripts/smoke-hardware: for a person with a probe and a target.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform, release, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { sleep, systemClock } from '../../src/base/clock.js';
import { Disposer } from '../../src/base/disposer.js';
import { never } from '../../src/base/never.js';
import { ControlClient, NoDaemonError } from '../../src/control/control-client.js';
import type { ProbeRow } from '../../src/control/snapshots.js';
import { usbId } from '../../src/usb/probe-table.js';
import { TestClient } from '../../test/support/test-client.js';
import { Report } from './report.js';
import { powerUp, readDpidr, tryRam } from './target-checks.js';

const usage = `usage: scripts/smoke-hardware [options]

  --probe UID       which probe, where several are plugged in
  --socket PATH     a daemon that runs already; else one is started, with its own ports and state
  --ram ADDRESS     where the target has 1 KB of RAM (0x20000000)
  --no-unplug       do not ask for the probe to be unplugged
  --simulate        try the script itself, on a simulated probe

The target is a Cortex-M with one core on its SWD line. It is halted for a moment; its RAM is put back.`;

const values = chosen();
/** How long a person may take to reach the cable. */
const PATIENCE_MS = 60_000;
const POLL_MS = 20;

if (values.help) console.log(usage);
else process.exitCode = await main();

function chosen() {
  try {
    return parseArgs({
      options: {
        probe: { type: 'string' },
        socket: { type: 'string' },
        ram: { type: 'string', default: '0x20000000' },
        'no-unplug': { type: 'boolean', default: false },
        simulate: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

async function main(): Promise<number> {
  await using disposer = new Disposer();
  const report = new Report();
  const control = values.socket ? await ControlClient.connect(values.socket) : await startDaemon(disposer);
  disposer.use(control);
  const call = control.call.bind(control);
  const { version } = await call('version', {}, never);
  report.fact('probed', `${version}, Node ${process.versions.node}, ${platform()} ${release()} ${arch()}`);

  const { probes, problems } = await call('status', {}, never);
  for (const { uid, product, state, reason } of probes)
    report.fact('probe', `${uid}, ${product}: ${state}${reason === undefined ? '' : ` (${reason})`}`);
  for (const { uid = 'daemon', what, remedy } of problems) report.fact('problem', `${uid}: ${what}: ${remedy}`);
  const ready = probes.filter(({ uid, state }) => state === 'ready' && (values.probe ?? uid) === uid);
  if (ready.length > 1) {
    console.error('several probes are ready: choose with --probe');
    return 2;
  }
  const [probe] = ready;
  if (ready.length === 0) await report.step('detection', () => Promise.reject(new Error('no such probe is ready')));
  else await tryProbe(report, control, probe);
  console.log(`\n${report.text}`);
  return report.failed ? 1 : 0;
}

async function tryProbe(report: Report, control: ControlClient, probe: ProbeRow): Promise<void> {
  const call = control.call.bind(control);
  const row = async (): Promise<ProbeRow> => (await call('show', { probe: probe.uid }, never)).probe;

  await using client = await TestClient.connect(probe.port ?? 0);
  await useTarget(report, client);
  const { usb, lastOpen } = await call('show', { probe: probe.uid }, never);
  if (usb) report.fact('usb', `${usbId({ vendorId: usb.vid, productId: usb.pid })} at ${usb.path}`);
  if (lastOpen) report.fact('opened', JSON.stringify({ ...lastOpen, at: undefined }));

  if (values.simulate || values['no-unplug']) report.fact('unplug', 'not tried');
  else await replug(report, client, row);
  await report.step('close', async () => (await client.result('close'), 'closed'));
}

async function useTarget(report: Report, client: TestClient): Promise<void> {
  const isOpen = await report.step('open', async () => {
    await client.result('hello', 1);
    await client.result('open');
    return String(await client.result('readprop', 'product_name'));
  });
  if (!isOpen || !(await report.step('DPIDR', () => readDpidr(client)))) return;
  if (await report.step('power', () => powerUp(client)))
    await report.step('RAM', () => tryRam(client, Number(values.ram)));
}

/** Asks for the cable to be pulled while a client waits, and to be put back. */
async function replug(report: Report, client: TestClient, row: () => Promise<ProbeRow>): Promise<void> {
  console.log('\n>>> Unplug the probe now.');
  const left = await report.step('unplug', async () => {
    // A client that is at work hears of it by the answer to what it asks, and the daemon by the system.
    let status = 0;
    const until = systemClock.now() + PATIENCE_MS;
    while (status === 0 && systemClock.now() < until) {
      ({ status } = await client.request('read_dp', 0));
      await sleep(systemClock, POLL_MS);
    }
    if (status === 0) throw new Error(`it was not unplugged within ${PATIENCE_MS / 1000} s`);
    if (status !== 2) throw new Error(`a client at work was answered status ${status}, not 2`);
    const answered = systemClock.now();
    await waitFor(row, 'absent');
    return `status 2 for the client; shown as absent ${(systemClock.now() - answered).toFixed(0)} ms later`;
  });
  if (!left) return;
  console.log('\n>>> Plug it in again, into the same socket.');
  await report.step('replug', async () => {
    await waitFor(row, 'ready');
    return `ready on port ${(await row()).port ?? '-'}`;
  });
  await useTarget(report, client);
}

async function waitFor(row: () => Promise<ProbeRow>, state: ProbeRow['state']): Promise<void> {
  const until = systemClock.now() + PATIENCE_MS;
  while ((await row()).state !== state) {
    if (systemClock.now() > until) throw new Error(`it is still shown as ${(await row()).state}`);
    await sleep(systemClock, POLL_MS);
  }
}

/** A daemon of our own: the one of this machine is not disturbed, unless it has the probe open. */
async function startDaemon(disposer: Disposer): Promise<ControlClient> {
  const directory = mkdtempSync(path.join(tmpdir(), 'probed-smoke-'));
  disposer.defer(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'probed.toml');
  const socket = path.join(directory, 'control.sock');
  writeFileSync(
    file,
    `[listen]\nfirst_port = 0\n[control]\nsocket = ${JSON.stringify(socket)}\n[state]\ndirectory = ${JSON.stringify(directory)}\n`,
  );
  const simulated = values.simulate ? ['--simulate'] : [];
  const args = ['dist/main.js', '--config', file, '--log-level', 'warn', ...simulated];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  disposer.defer(async () => {
    if (child.exitCode !== null) return;
    child.kill();
    await once(child, 'exit');
  });
  for (;;) {
    try {
      return await ControlClient.connect(socket);
    } catch (error) {
      if (!(error instanceof NoDaemonError) || child.exitCode !== null) throw error;
      await sleep(systemClock, POLL_MS);
    }
  }
}
