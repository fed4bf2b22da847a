import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pyocdCommand, startProgram } from '../../support/pyocd.js';
import { replayRecording } from '../../support/replay.js';
import type { SimTransports } from '../../../src/sim/probe-descriptor.js';
import { emulatedProbe } from '../emulated-probe.js';
import { GuestDaemon } from '../guest-daemon.js';
import { figure, scenario, SHORT } from '../scenario.js';

const firmware = path.join(import.meta.dirname, '../../fixtures/firmware/counter.elf');
/** Of one client: a request costs tens of milliseconds where a USB packet costs five. */
const CLIENT_TIMEOUT_MS = 240_000;
const TIMEOUT_MS = 4 * CLIENT_TIMEOUT_MS;

interface Kind {
  readonly transports: SimTransports;
  readonly packetSizeBytes: number;
  readonly packetCount: number;
}

const kinds: readonly Kind[] = (['v1', 'v2', 'both'] as const).flatMap((transports) =>
  [64, 512].flatMap((packetSizeBytes) =>
    [1, 4, 8].map((packetCount) => ({ transports, packetSizeBytes, packetCount })),
  ),
);
/** One of each transport takes part in the short run; the others differ in the driver, not in USB. */
const shortKinds = ['v1 64 1', 'v2 512 4', 'both 64 8'];
const nameOf = ({ transports, packetSizeBytes, packetCount }: Kind): string =>
  `${transports} ${packetSizeBytes} ${packetCount}`;

describe(`the conversation of a stock client, ${pyocdCommand === undefined ? 'from recordings' : 'itself'}`, () => {
  for (const kind of kinds) {
    const name = nameOf(kind);
    scenario(
      `with a probe ${name} ${shortKinds.includes(name) ? SHORT : ''}`,
      async (vm) => {
        const daemon = await GuestDaemon.start(vm);
        const plugged = await vm.plug(emulatedProbe({ uid: 'TALK01', ...kind }), 1);
        const { port = 0 } = await daemon.served('TALK01');
        const forwarded = await vm.forward(port);
        const start = performance.now();

        if (pyocdCommand === undefined) {
          await replayRecording('cmd-savemem', forwarded); // with cmd-status before it
          plugged[Symbol.dispose](); // the next one was recorded with another board
          await daemon.probes(([{ state }]) => state === 'absent', 'the probe is missed');
          await vm.plug(emulatedProbe({ uid: 'TALK01', ...kind }), 1);
          await daemon.served('TALK01');
          await replayRecording('load-elf', forwarded);
        } else await talk(pyocdCommand, forwarded);

        figure(`conversation with ${name}`, `${((performance.now() - start) / 1000).toFixed(1)} s`);
      },
      TIMEOUT_MS,
    );
  }
});

/** `cmd -c status`, `cmd -c savemem` and `load` by the stock client. */
async function talk(command: string, port: number): Promise<void> {
  const run = async (...args: readonly string[]): Promise<string> => {
    const target = ['-u', `remote:localhost:${port}`, '-t', 'stm32f051'];
    const { code, output } = await startProgram(command, [...args, ...target], CLIENT_TIMEOUT_MS).finished();
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /Traceback|\bcritical\b/i);
    return output;
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'probed-talk-'));
  try {
    const saved = path.join(folder, 'saved.bin');
    assert.match(await run('cmd', '-c', 'status'), /Core 0/);
    await run('cmd', '-c', 'write32 0x20000000 0x12345678 0x9abcdef0', '-c', `savemem 0x20000000 4096 ${saved}`);
    assert.equal(readFileSync(saved).subarray(0, 8).toString('hex'), '78563412f0debc9a');
    await run('load', firmware);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
