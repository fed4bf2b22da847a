// A reload that changes only who may have a probe open: its port and its clients stay.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import { ProbectlProcess, type Ran, runProbectl } from '../support/probectl-process.js';
import { TestClient } from '../support/test-client.js';

const UID = 'SIM0001';
/** proc_net_tcp(5): the state of a socket that listens. */
const LISTENING = '0A';

/** The inodes of the sockets that listen on a port: they are others once it has been closed. */
function listeners(port: number): readonly string[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['/proc/self/net/tcp', '/proc/self/net/tcp6']
    .flatMap((file) => readFileSync(file, 'latin1').split('\n'))
    .map((row) => row.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(end) && fields[3] === LISTENING)
    .map((fields) => fields[9]);
}

describe('a reload that changes only who may have a probe open', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-reloaded-'));
  const config = path.join(folder, 'probed.toml');
  let daemon: DaemonProcess;

  const configure = (sharing: string, queueTimeout = 600): void =>
    writeFileSync(
      config,
      `[access]\nqueue_timeout = ${queueTimeout}\n[[probe]]\nuid = "${UID}"\nsharing = "${sharing}"\n`,
    );
  const client = (): Promise<TestClient> => TestClient.connect(daemon.ports[0]);
  const reload = (...options: string[]): Promise<Ran> => runProbectl(daemon.folder, 'reload', ...options);

  beforeEach(async () => {
    configure('shared');
    daemon = await DaemonProcess.serving(1, '--config', config);
  });
  afterEach(() => daemon[Symbol.asyncDispose]());
  after(() => rmSync(folder, { recursive: true }));

  it('holds at once, closes no port and drops nobody, also with --now', async () => {
    await using first = await client();
    await using second = await client();
    for (const each of [first, second]) await each.result('open');
    const before = listeners(daemon.ports[0]);
    assert.notDeepEqual(before, []);

    configure('exclusive');
    const { code, stdout } = await reload('--now');

    assert.deepEqual([code, stdout], [0, `changed: ${UID}\n`]);
    await using third = await client();
    const { status, error } = await third.request('open');
    assert.equal(status, 1);
    assert.match(error ?? '', /^probe SIM0001 is in use by \S+ \(127\.0\.0\.1:\d+\) and 1 more since /);
    for (const each of [first, second]) await each.result('set_clock', 1_000_000);
    assert.deepEqual(listeners(daemon.ports[0]), before);
  });

  it('by SIGHUP lets in, in a moment, who waited in a queue that there is no more', async () => {
    configure('queue');
    await reload();
    await using first = await client();
    await using second = await client();
    await first.result('open');
    const from = daemon.stderr.length;
    const open = second.request('open');
    await daemon.logged('client waits', from);

    configure('shared');
    daemon.process.kill('SIGHUP');

    assert.equal((await open).status, 0);
    await first.result('set_clock', 1_000_000);
  });

  it('closes no port where nobody is connected either, and is not said to wait', async () => {
    const before = listeners(daemon.ports[0]);

    configure('queue', 1);
    const { stdout } = await reload();

    assert.equal(stdout, `changed settings: access.queue_timeout\nchanged: ${UID}\n`);
    assert.deepEqual(listeners(daemon.ports[0]), before);
    await using first = await client();
    await using second = await client();
    await first.result('open');
    assert.match((await second.request('open')).error ?? '', /^waited [1-9]\d* s: /);
  });

  it('is noticed by who waits for the probe with `probectl run --wait`', async () => {
    configure('exclusive');
    await reload();
    await using holder = await client();
    await holder.result('open');
    const running = new ProbectlProcess(daemon.folder, [
      'run',
      '--wait',
      UID,
      '--',
      'sh',
      '-c',
      'echo in; read -r line',
    ]);
    await running.said(/waiting: probe SIM0001 is in use by/);

    configure('shared');
    await reload();

    await running.printed('in\n');
    running.type('\n');
    assert.equal((await running.ended).code, 0);
  });
});
