// The stock client 20 ms away from pyOCD's own server, alone and with `probectl accelerate`.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { DelayedLink } from '../support/delayed-link.js';
import { portOf } from '../support/forwarded-port.js';
import { ProbectlProcess } from '../support/probectl-process.js';
import { pyocdCommand, requirePyocd, startProgram } from '../support/pyocd.js';
import { pyocdServerCommand, startPyocdServer } from '../support/pyocd-server.js';

const ROUND_TRIP_MS = 20;
const TIMES_SHORTER = 4;
/** The quickest of so many: what else this machine does is no distance. */
const TRIES = 3;
const PORT = 5555;
const PROGRAM_BYTES = 6 * 1024;

describe('the stock pyOCD client, far from `pyocd server`', function () {
  this.timeout(300_000);
  const disposer = new Disposer();
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));
  disposer.defer(() => rmSync(folder, { recursive: true }));
  const program = path.join(folder, 'program.bin');
  writeFileSync(
    program,
    Uint8Array.from({ length: PROGRAM_BYTES }, (_, i) => (i * 7) % 251),
  );
  let link: DelayedLink;
  before(async function () {
    requirePyocd(this);
    if (pyocdServerCommand === undefined) {
      console.log('pyocd server: NOT RUN (set PYOCD_SERVER to a command such as "pyocd server -u UID")');
      this.skip();
    }
    link = disposer.use(await DelayedLink.orSkip(this, ROUND_TRIP_MS / 2));
  });
  after(() => disposer[Symbol.asyncDispose]());

  /** Runs it at the near end. @returns how long it talked to the server, in milliseconds */
  const talk = (host: string, port: number, [subcommand = '', ...args]: readonly string[]): Promise<number> =>
    link.time(async () => {
      const command = [pyocdCommand ?? '', subcommand, '-u', `remote:${host}:${port}`, ...args];
      const [before = '', ...rest] = [...link.on('near'), ...command];
      const { code, output } = await startProgram(before, rest, 120_000).finished();
      assert.equal(code, 0, output);
    });

  for (const [what, args] of [
    ['connects', ['cmd', '-t', 'cortex_m', '-c', 'status']],
    ['loads 6 KB', ['load', '-t', 'stm32f051', '--base-address', '0x08000000', program]],
  ] as const) {
    it(`${what} ${TIMES_SHORTER} times as fast with the helper`, async () => {
      await using server = new Disposer();
      server.use(await startPyocdServer(link.on('far'), PORT));
      const alone = await talk(link.addressOf('far'), PORT, args);
      const accelerating = new ProbectlProcess('/nowhere', ['accelerate', `${link.addressOf('far')}:${PORT}`], {
        before: link.on('near'),
      });

      const port = await portOf(accelerating, /remote:localhost:(\d+)/);
      const times: number[] = [];
      while (times.length < TRIES) times.push(await talk('127.0.0.1', port, args));
      const helped = Math.min(...times);

      await accelerating.interrupt();
      console.log(`    ${what}: ${alone.toFixed(0)} ms alone, ${helped.toFixed(0)} ms with the helper`);
      assert(alone >= TIMES_SHORTER * helped, `${alone} ms alone, ${helped} ms with the helper`);
    });
  }
});
