// The stock client with a probe that probectl brings it: through the pipelining helper, as users start it.

import assert from 'node:assert/strict';
import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { ProbectlProcess, type Ran } from '../support/probectl-process.js';
import { pyocdCommand, requirePyocd, startPyocd } from '../support/pyocd.js';

const firmware = path.join(import.meta.dirname, '../fixtures/firmware/counter.elf');

describe('the stock pyOCD client, started by probectl run', function () {
  this.timeout(120_000);
  let daemon: DaemonProcess;
  const disposer = new Disposer();
  before(async function () {
    requirePyocd(this);
    daemon = disposer.use(await DaemonProcess.serving(1));
  });
  after(() => disposer[Symbol.asyncDispose]());

  /** pyOCD's options go in by hand where the command is not called pyocd. */
  const run = (...args: readonly string[]): Promise<Ran> =>
    new ProbectlProcess(daemon.folder, [
      ...['run', 'SIM0001', '--', pyocdCommand ?? 'pyocd', args[0], '-u', 'remote:localhost:{port}', ...args.slice(1)],
    ]).ended;

  it('loads a program, and finds it there', async () => {
    const loaded = await run('load', '-t', 'stm32f051', firmware);
    assert.equal(loaded.code, 0, loaded.stderr);

    const again = await run('load', '-t', 'stm32f051', firmware);
    assert.match(again.stdout + again.stderr, /identical [1-9]\d* bytes/);
  });

  it('is told of a write that faults, and reads on', async () => {
    const { stdout, stderr } = await run(
      ...[
        'cmd',
        '-t',
        'cortex_m',
        '-c',
        'write32 0x90000000 1',
        '-c',
        'write32 0x20000000 0x1234',
        '-c',
        'read32 0x20000000',
      ],
    );

    assert.match(stdout + stderr, /fault|failed/i);
  });

  it('ends by itself when the helper is killed', async () => {
    await using world = await DaemonProcess.serving(1);
    const forwarding = new ProbectlProcess(world.folder, ['forward', 'SIM0001']);
    const [, port] = await forwarding.matched(/remote:localhost:(\d+)/);
    const isConnecting = world.logged('swj_sequence');
    await using client = startPyocd(
      'cmd',
      '-u',
      `remote:localhost:${port}`,
      '-t',
      'cortex_m',
      '-c',
      'savemem 0x20000000 0x40000 /dev/null',
    );
    await isConnecting;

    forwarding.kill('SIGKILL');

    const { code, output } = await client.finished();
    assert(code !== null && code !== 0, `it went on: ${output}`);
  });
});
