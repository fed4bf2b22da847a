import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import { type ClientRun, commander, pyocd, pyocdCommand, requirePyocd } from '../support/pyocd.js';

/** The client's output, once it has ended as it should. */
function outputOf({ code, output }: ClientRun): string {
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /Traceback|error received|critical/i);
  return output;
}

describe('the stock pyOCD client', function () {
  this.timeout(60_000);
  let daemon: DaemonProcess;
  let port: number;

  before(async function () {
    requirePyocd(this);
    console.log(`real client: pyOCD ${(await pyocd('--version')).output.trim()}`);
    daemon = await DaemonProcess.serving(2);
    [port] = daemon.ports;
  });

  after(async () => {
    if (pyocdCommand !== undefined) await daemon[Symbol.asyncDispose]();
  });

  it('asks for the status', async () => {
    const output = outputOf(await commander(port, ['status', 'halt', 'status']));

    assert.match(output, /Core 0 .*: {2}Running/);
    assert.match(output, /Core 0 .*: {2}Halted/);
  });

  it('halts, and reads and writes core registers', async () => {
    const output = outputOf(await commander(port, ['reset halt', 'reg', 'wreg r3 0x1234abcd', 'reg r3']));

    assert.match(output, /pc: 0x08000040/);
    assert.match(output, /sp: 0x20001000/);
    assert.match(output, /r3 = 0x1234abcd/);
  });

  it('reads what it wrote, in bytes, halfwords and words', async () => {
    const output = outputOf(
      await commander(port, [
        'write32 0x20000000 0x11223344 0x55667788',
        'write16 0x20000002 0xbeef',
        'write8 0x20000004 0xca 0xfe',
        'read32 0x20000000 8',
        'read16 0x20000000 8',
        'read8 0x20000000 8',
      ]),
    );

    assert.match(output, /20000000: {2}beef3344 5566feca/);
    assert.match(output, /20000000: {2}3344 beef feca 5566/);
    assert.match(output, /20000000: {2}44 33 ef be {2}ca fe 66 55/);
  });

  it('saves memory to a file and loads it back', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'probed-'));
    try {
      const [original, saved] = [path.join(folder, 'original'), path.join(folder, 'saved')];
      const bytes = Buffer.from(Array.from({ length: 70_001 }, (_, i) => (i * 7 + (i >> 8)) & 0xff));
      await writeFile(original, bytes);

      outputOf(await commander(port, [`loadmem 0x20000003 ${original}`, `savemem 0x20000003 70001 ${saved}`]));

      assert(bytes.equals(await readFile(saved)));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('resets the target', async () => {
    outputOf(await commander(port, ['reset', 'status']));
    outputOf(await pyocd('reset', '-u', `remote:localhost:${port}`, '-t', 'cortex_m'));
    outputOf(await pyocd('reset', '-m', 'hw', '-u', `remote:localhost:${port}`, '-t', 'cortex_m'));
  });

  it('shows what it knows of the probe', async () => {
    const output = outputOf(await commander(port, ['show probe-uid', 'show target', 'show cores', 'show aps']));

    assert.match(output, /AP#0|AHB-AP/);
  });

  it('hears of a fault on a read and on a write, and goes on', async () => {
    const first = await commander(port, ['read32 0x90000000']);
    const second = await commander(port, ['write32 0x90000000 1', 'write32 0x20000000 1']);
    const output = outputOf(await commander(port, ['write32 0x20000000 0xc0ffee', 'read32 0x20000000']));

    assert.match(first.output, /memory transfer failed/);
    assert.match(second.output, /memory transfer failed/);
    assert.match(output, /20000000: {2}00c0ffee/);
  });

  it('attaches under reset', async () => {
    const output = outputOf(await commander(port, ['status'], '-M', 'under-reset'));

    assert.match(output, /Core 0/);
  });

  it('uses two probes at once, each with its own target', async () => {
    const [first, second] = await Promise.all(
      daemon.ports.map(async (each, i) =>
        outputOf(await commander(each, [`write32 0x20000100 0x0000000${i + 1}`, 'sleep 300', 'read32 0x20000100'])),
      ),
    );

    assert.match(first, /20000100: {2}00000001/);
    assert.match(second, /20000100: {2}00000002/);
  });

  it('works with memory handles for all it can do with them', async () => {
    await using withHandles = await DaemonProcess.serving(1, '--memory-handles');

    const output = outputOf(
      await commander(withHandles.ports[0], [
        'write32 0x20000000 0x01020304',
        'write8 0x20000001 0xaa',
        'read32 0x20000000',
      ]),
    );

    assert.match(output, /20000000: {2}0102aa04/);
  });

  it('exits when the daemon is killed in the middle of its requests', async () => {
    await using victim = await DaemonProcess.serving(1);
    const client = commander(victim.ports[0], ['savemem 0x20000000 262144 /dev/null']);

    await victim.logged('probe opened');
    await victim.stop('SIGKILL');

    assert.match((await client).output, /reset by peer|broken pipe/i);
  });
});
