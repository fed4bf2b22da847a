// What one does on a desk: flash, debug, watch. On every kind of simulated probe.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DaemonProcess } from '../support/daemon-process.js';
import {
  type ClientRun,
  commander,
  gdbCommand,
  pyocd,
  requirePyocd,
  startProgram,
  startPyocd,
} from '../support/pyocd.js';

const elf = path.join(import.meta.dirname, '../fixtures/firmware/counter.elf');
const kinds = ['v1,packet-size=64', 'v1,packet-size=512', 'v2,packet-size=64', 'v2,packet-size=512'];
/** Names in counter.elf, by its symbol table. */
const COUNTER = '0x20000000';

function outputOf({ code, output }: ClientRun): string {
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /Traceback|\bcritical\b/i);
  return output;
}

/** The words that `read32` has printed. */
function wordsOf(output: string): number[] {
  return [...output.matchAll(/^[0-9a-f]{8}: {2}((?:[0-9a-f]{8} ?)+)/gm)].flatMap(([, words]) =>
    words
      .trim()
      .split(/ +/)
      .map((word) => parseInt(word, 16)),
  );
}

for (const kind of kinds) {
  describe(`the stock pyOCD client on a desk, with a probe ${kind}`, function () {
    this.timeout(120_000);
    let daemon: DaemonProcess;
    let port: number;
    const target = (): string[] => ['-u', `remote:localhost:${port}`, '-t', 'stm32f051'];

    before(async function () {
      requirePyocd(this);
      daemon = await DaemonProcess.simulating([kind]);
      [port] = daemon.ports;
    });
    after(() => (daemon as DaemonProcess | undefined)?.[Symbol.asyncDispose]());

    it('flashes a program, which then runs', async () => {
      outputOf(await pyocd('flash', ...target(), elf));

      const output = outputOf(
        await commander(
          port,
          [`read32 ${COUNTER}`, 'sleep 50', `read32 ${COUNTER}`, 'read32 0x08000000'],
          '-t',
          'stm32f051',
        ),
      );

      const [before, after, stackPointer] = wordsOf(output);
      assert(before > 0 && after > before, output);
      assert.equal(stackPointer, 0x20001000);
    });

    it('loads it again, and finds it there', async () => {
      const output = outputOf(await pyocd('load', ...target(), elf));

      assert.match(output, /programmed 0 bytes|identical 1024 bytes/);
    });

    it('debugs it with gdb: breakpoint, watchpoint, step, variables, registers, reset', async function () {
      if (gdbCommand === undefined) {
        console.log('gdb: NOT RUN (install gdb-multiarch)');
        this.skip();
      }
      await using server = startPyocd('gdbserver', ...target(), '-p', '0', '-T', '0');
      await server.printed(/GDB server (?:listening|started) on port \d+/);
      const gdbPort = /GDB server (?:listening|started) on port (\d+)/.exec(server.output)?.[1] ?? '';
      const script = [
        ...[
          'set confirm off',
          'set pagination off',
          `target extended-remote :${gdbPort}`,
          'load',
          'monitor reset halt',
        ],
        ...['maint flush register-cache', 'echo at reset:\\n', 'print/x $pc'],
        ...['break square', 'continue', 'print counter', 'finish', 'next', 'step', 'delete'],
        ...['watch squares', 'continue', 'print squares', 'delete'],
        ...['set var counter = 1000', 'print counter', 'set $r7 = 0x20000f00', 'print/x $r7'],
        ...['monitor reset halt', 'maint flush register-cache', 'print/x $pc', 'kill', 'quit'],
      ];

      const gdb = startProgram(gdbCommand, ['-batch', ...script.flatMap((line) => ['-ex', line]), elf]);
      const { output } = await gdb.finished();

      assert.match(output, /Loading section \.text/);
      assert.match(output, /Breakpoint 1, square \(value=1\)/);
      assert.match(output, /Value returned is \$\d+ = 1/);
      assert.match(output, /SIGTRAP|Hardware watchpoint/);
      assert.match(output, /\$\d+ = 1000/);
      assert.match(output, /\$\d+ = 0x20000f00/);
      const resetPc = output.match(/= (0x80001[0-9a-f]{2})\n/g);
      assert.equal(resetPc?.length, 2, output);
    });

    it('talks to it over RTT, up and down', async () => {
      outputOf(await pyocd('reset', ...target()));
      // The client wants a terminal.
      const command = [process.env.PYOCD, 'rtt', ...target(), '-a', '0x20000000', '-s', '0x1000'].join(' ');
      await using terminal = startProgram('script', ['-qec', command, '/dev/null']);

      await terminal.printed(/hello from the board\r?\n/);
      for (const key of ['x', 'y']) {
        terminal.process.stdin?.write(key);
        await terminal.printed(new RegExp(`board\\s[^]*${key}[^]*${key}`)); // the terminal echoes, and so does the board
      }
    });

    it('erases a sector, and the chip', async () => {
      outputOf(await pyocd('erase', ...target(), '-s', '0x08000000'));
      assert.deepEqual(wordsOf(outputOf(await commander(port, ['read32 0x08000000']))), [0xffffffff]);

      outputOf(await pyocd('load', ...target(), elf));
      outputOf(await pyocd('erase', ...target(), '--chip'));
      assert.deepEqual(wordsOf(outputOf(await commander(port, ['read32 0x08000000 8']))), [0xffffffff, 0xffffffff]);
    });

    it('reaches it over JTAG', async () => {
      const output = outputOf(await commander(port, ['halt', 'read32 0xe000ed00'], '-O', 'dap_protocol=jtag'));

      assert.deepEqual(wordsOf(output), [0x410cc601]);
    });

    it('hears over JTAG of an access that failed, and goes on', async () => {
      const jtag = ['-t', 'cortex_m', '-O', 'dap_protocol=jtag'];
      await using client = startPyocd('cmd', '-u', `remote:localhost:${port}`, ...jtag);
      const accesses = ['read32 0x90000000', 'write32 0x90000000 1', 'read32 0x90000000 1024'];
      client.process.stdin?.end(['halt', ...accesses, 'read32 0xe000ed00', 'exit', ''].join('\n'));

      const { output } = await client.finished();

      assert.equal(output.match(/Memory transfer fault/g)?.length, accesses.length, output);
      assert.deepEqual(wordsOf(output.replaceAll('pyocd> ', '')), [0x410cc601], output);
    });

    it('attaches under reset', async () => {
      assert.match(outputOf(await commander(port, ['status'], '-M', 'under-reset')), /Core 0/);
    });
  });
}

describe('the stock pyOCD client, with two cores on one SWD line', function () {
  this.timeout(60_000);

  it('reaches each of them by TARGETSEL', async function () {
    requirePyocd(this);
    await using daemon = await DaemonProcess.simulating(['multidrop,v1', 'multidrop,v2']);
    for (const port of daemon.ports) {
      const cores = ['rp2040_core0', 'rp2040_core1'];
      for (const [i, core] of cores.entries()) {
        outputOf(await commander(port, ['halt', `wreg r5 ${i + 1}`], '-t', core));
      }
      for (const [i, core] of cores.entries()) {
        assert.match(
          outputOf(await commander(port, ['halt', 'reg r5'], '-t', core)),
          new RegExp(`r5 = 0x0000000${i + 1}`),
        );
      }
    }
  });
});

describe('the firmware that tests flash', () => {
  it('is there as an ELF file', async () => {
    assert.equal((await readFile(elf)).subarray(1, 4).toString(), 'ELF');
  });
});
