import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { operations, setup } from '../../../scripts/bench/workloads.js';
import { ProbeEndpoint } from '../../../src/sim/probe-descriptor.js';
import { pyocdCommand, requirePyocd, startProgram } from '../../support/pyocd.js';
import { TestClient } from '../../support/test-client.js';
import { emulatedProbe } from '../emulated-probe.js';
import { GuestDaemon } from '../guest-daemon.js';
import { mountHost } from '../host-programs.js';
import { figure, scenario, SHORT } from '../scenario.js';
import type { RedirectedDevice } from '../usbredir/redirected-device.js';

const REPETITIONS = 10;
const kinds = [
  { transports: 'v2', packetSizeBytes: 512, packetCount: 4 },
  { transports: 'v2', packetSizeBytes: 64, packetCount: 4 },
  { transports: 'v1', packetSizeBytes: 64, packetCount: 4 },
] as const;
const nameOf = ({ transports, packetSizeBytes, packetCount }: (typeof kinds)[number]): string =>
  `${transports} ${packetSizeBytes} ${packetCount}`;

describe('the USB packets of one operation of a client', () => {
  for (const kind of kinds) {
    const name = nameOf(kind);
    scenario(`are counted: ${name} ${SHORT}`, async (vm, undo) => {
      const daemon = await GuestDaemon.start(vm);
      const plugged = await vm.plug(emulatedProbe({ uid: 'COUNT1', ...kind }), 1);
      const { port = 0 } = await daemon.served('COUNT1');
      const client = undo.use(await TestClient.connect(await vm.forward(port)));
      const packets = (): number[] => packetsOf(plugged, kind.transports);
      for (const line of setup) await succeed(client, line);

      for (const [operation, lines] of Object.entries(operations)) {
        const before = packets();
        for (let i = 0; i < REPETITIONS; i++) for (const line of lines) await succeed(client, line);
        const [out, received] = packets().map((count, i) => (count - before[i]) / REPETITIONS);

        figure(`${name}: ${operation}`, `${out} USB packets out, ${received} in`);
        assert.ok(operation.startsWith('lock') ? out === 0 : out >= 1);
      }
    });
  }
});

/** The same operations as commands of pyOCD's commander, `FILE` being one of 1024 bytes. */
const commands: Readonly<Record<string, string>> = {
  read_dp: 'readdp 4',
  'read 256 words': 'read32 0x20000000 1024',
  'write 256 words': 'loadmem 0x20000000 FILE',
};
/** Python comes over 9p to an emulated processor. */
const PYOCD_TIMEOUT_MS = 240_000;
const PYOCD = pyocdCommand ?? '';

describe('the USB packets of the stock client', function () {
  before(function () {
    requirePyocd(this);
  });

  for (const kind of kinds) {
    const name = nameOf(kind);
    scenario(
      `are counted, directly and through probed: ${name}`,
      async (vm, undo) => {
        const plugged = await vm.plug(emulatedProbe({ uid: 'COUNT2', ...kind }), 1);
        const folder = mkdtempSync(path.join(tmpdir(), 'probed-count-'));
        undo.defer(() => rmSync(folder, { recursive: true }));
        const file = path.join(folder, 'words');
        writeFileSync(file, Buffer.alloc(1024, 0x5a));
        // The host's programs on the guest's USB.
        await mountHost(vm.agent);
        const directly: Run = async (args) => {
          const argv = ['chroot', '/host', PYOCD, 'cmd', '-u', 'COUNT2', '-t', 'stm32f051', ...args];
          await vm.agent.output(argv, { timeoutMs: PYOCD_TIMEOUT_MS });
        };
        const direct = await packetsOfCommands(directly, plugged, file, kind.transports);

        const daemon = await GuestDaemon.start(vm);
        const { port = 0 } = await daemon.served('COUNT2');
        const forwarded = await vm.forward(port);
        const remotely: Run = async (args) => {
          const argv = ['cmd', '-u', `remote:localhost:${forwarded}`, '-t', 'stm32f051', ...args];
          const { code, output } = await startProgram(PYOCD, argv, PYOCD_TIMEOUT_MS).finished();
          assert.equal(code, 0, output);
        };
        const remote = await packetsOfCommands(remotely, plugged, file, kind.transports);

        for (const operation of Object.keys(commands)) {
          figure(
            `${name}: ${operation} by pyOCD`,
            `${direct[operation]} packets directly, ${remote[operation]} through probed`,
          );
        }
      },
      10 * PYOCD_TIMEOUT_MS,
    );
  }
});

/** Runs pyOCD's commander. */
type Run = (args: readonly string[]) => Promise<void>;

/** USB packets, out and in together, by operation: what each further repetition costs in the same session. */
async function packetsOfCommands(
  run: Run,
  plugged: RedirectedDevice,
  file: string,
  transports: 'v1' | 'v2',
): Promise<Record<string, number>> {
  const packets = (): number => packetsOf(plugged, transports).reduce((sum, count) => sum + count);
  const count = async (command: string, times: number): Promise<number> => {
    const before = packets();
    await run(Array<string[]>(times).fill(['-c', command]).flat());
    return packets() - before;
  };
  const counts: Record<string, number> = {};
  for (const [operation, command] of Object.entries(commands)) {
    const text = command.replace('FILE', file);
    const once = await count(text, 1);
    counts[operation] = ((await count(text, 1 + REPETITIONS)) - once) / REPETITIONS;
  }
  return counts;
}

/** Out and in. */
function packetsOf(plugged: RedirectedDevice, transports: 'v1' | 'v2'): number[] {
  const ends =
    transports === 'v1' ? [ProbeEndpoint.HidOut, ProbeEndpoint.HidIn] : [ProbeEndpoint.BulkOut, ProbeEndpoint.BulkIn];
  return ends.map((endpoint) => plugged.stats(endpoint).packets);
}

async function succeed(client: TestClient, line: string): Promise<void> {
  const { status, error } = JSON.parse(await client.line(line)) as { status: number; error?: string };
  assert.equal(status, 0, `${line}: ${error}`);
}
