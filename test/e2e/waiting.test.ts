// probectl run --wait and forward --wait, for probes that are not there or that others have.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import { ProbectlProcess, runProbectl } from '../support/probectl-process.js';
import { TestClient } from '../support/test-client.js';

const [EXCLUSIVE, QUEUE, SHARED] = ['SIM0001', 'SIM0002', 'SIM0003'];
const CONFIG = `[[probe]]\nuid = "${EXCLUSIVE}"\nsharing = "exclusive"\n[[probe]]\nuid = "${QUEUE}"\nsharing = "queue"\n`;
/** A command that says on which port it finds the probe, and goes on until it is told something. */
const command = ['sh', '-c', 'echo port={port}; read -r code; exit "$code"'];

describe('probectl --wait', function () {
  this.timeout(120_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-waiting-'));
  const config = path.join(folder, 'probed.toml');
  let daemon: DaemonProcess;
  before(async () => {
    writeFileSync(config, CONFIG);
    daemon = await DaemonProcess.serving(3, '--config', config);
  });
  after(async () => {
    await daemon[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const probectl = (...args: string[]): ProbectlProcess => new ProbectlProcess(daemon.folder, args);
  const client = (uid: string): Promise<TestClient> =>
    TestClient.connect(daemon.ports[[EXCLUSIVE, QUEUE, SHARED].indexOf(uid)]);
  /** Lets a command that runs end. */
  const finish = async (running: ProbectlProcess): Promise<void> => {
    running.type('0\n');
    assert.equal((await running.ended).code, 0);
  };

  it('runs the command when who has the probe closes it, and keeps the probe for it', async () => {
    await using holder = await client(EXCLUSIVE);
    await holder.result('open');
    const running = probectl('run', '--wait', EXCLUSIVE, '--', ...command);
    await running.said(/^probectl: waiting: probe SIM0001 is in use by \S+ \(127\.0\.0\.1:\d+\) since \S+\n$/);

    await holder.result('close');

    const [, port] = await running.matched(/^port=(\d+)\n$/);
    assert.equal((await holder.request('open')).status, 1);
    await using user = await TestClient.connect(Number(port));
    await user.result('open');
    await user.result('connect', 'SWD');
    await finish(running);
    await using other = await client(EXCLUSIVE);
    await other.result('open');
  });

  it('lines up where there is a queue, and keeps its place for the command', async () => {
    await using holder = await client(QUEUE);
    await using late = await client(QUEUE);
    await holder.result('open');
    const running = probectl('run', '--wait=1m', QUEUE, '--', ...command);
    await running.said(/waiting: probe SIM0002 has a queue: used by .*, 1 waiting\n/);
    const lateOpen = late.request('open');
    await running.said(/, 2 waiting\n/);

    await holder.result('close');

    const [, port] = await running.matched(/^port=(\d+)\n$/);
    await using user = await TestClient.connect(Number(port));
    await user.result('open');
    await finish(running);
    assert.equal((await lateOpen).status, 0);
  });

  it('waits until a reservation of somebody else ends', async () => {
    await runProbectl(daemon.folder, 'reserve', SHARED, '--for', '10m', '--as', 'addr:192.0.2.1');
    const running = probectl('run', '--wait', SHARED, '--', ...command);
    await running.said(/waiting: probe SIM0003 is reserved for addr:192\.0\.2\.1 until/);

    await runProbectl(daemon.folder, 'release', SHARED);

    await running.matched(/^port=\d+\n$/);
    await finish(running);
  });

  it('waits for a probe that is not there', async () => {
    await runProbectl(daemon.folder, 'disable', SHARED);
    const running = probectl('run', '--wait', SHARED, '--', ...command);
    await running.said(/waiting: probe SIM0003 is not there: ignored/);

    await runProbectl(daemon.folder, 'enable', SHARED);

    await running.matched(/^port=\d+\n$/);
    await finish(running);
  });

  it('ends when its time is over, and does not start the command', async () => {
    await using holder = await client(EXCLUSIVE);
    await using queueing = await client(QUEUE);
    for (const one of [holder, queueing]) await one.result('open');

    const refused = await probectl('run', '--wait=1s', EXCLUSIVE, '--', 'echo', 'started').ended;
    const queued = await probectl('run', '--wait=2s', QUEUE, '--', 'echo', 'started').ended;

    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /\nprobectl: waited in vain: probe SIM0001 is in use by .*\n$/);
    assert.deepEqual([queued.code, queued.stdout], [1, '']);
    assert.match(queued.stderr, /\nprobectl: waited in vain: probe SIM0002 has a queue: .*\n$/);
    await queueing.result('close');
    await using other = await client(QUEUE);
    await other.result('open'); // nobody is left in the queue
  });

  it('gives the probe back for forward, until a client comes', async () => {
    await using holder = await client(EXCLUSIVE);
    await holder.result('open');
    const forwarding = probectl('forward', '--wait', EXCLUSIVE);
    await forwarding.said(/waiting: probe SIM0001 is in use by/);

    await holder.result('close');

    const [, port] = await forwarding.matched(/remote:localhost:(\d+)/);
    await forwarding.matched(/SIM0001 of this machine: ready/);
    await using user = await TestClient.connect(Number(port));
    await user.result('open');
    assert.equal((await forwarding.interrupt()).code, 0);
  });

  it('can be interrupted while it waits', async () => {
    await using holder = await client(EXCLUSIVE);
    await holder.result('open');
    const running = probectl('run', '--wait', EXCLUSIVE, '--', 'echo', 'started');
    await running.said(/waiting: probe SIM0001 is in use by/);

    const { code, stdout, stderr } = await running.interrupt();

    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /\nprobectl: interrupted\n$/);
  });
});
