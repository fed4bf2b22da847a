import assert from 'node:assert/strict';
import { operations, setup } from '../../../scripts/bench/workloads.js';
import { ProbeEndpoint } from '../../../src/sim/probe-descriptor.js';
import { TestClient } from '../../support/test-client.js';
import { emulatedProbe } from '../emulated-probe.js';
import { GuestDaemon } from '../guest-daemon.js';
import { figure, scenario, SHORT } from '../scenario.js';

const REPETITIONS = 10;
const kinds = [
  { transports: 'v2', packetSizeBytes: 512, packetCount: 4 },
  { transports: 'v2', packetSizeBytes: 64, packetCount: 4 },
  { transports: 'v1', packetSizeBytes: 64, packetCount: 4 },
] as const;

describe('the USB packets of one operation of a client', () => {
  for (const kind of kinds) {
    const name = `${kind.transports} ${kind.packetSizeBytes} ${kind.packetCount}`;
    scenario(`are counted: ${name} ${SHORT}`, async (vm, undo) => {
      const daemon = await GuestDaemon.start(vm);
      const plugged = await vm.plug(emulatedProbe({ uid: 'COUNT1', ...kind }), 1);
      const { port = 0 } = await daemon.served('COUNT1');
      const client = undo.use(await TestClient.connect(await vm.forward(port)));
      const ends =
        kind.transports === 'v1'
          ? [ProbeEndpoint.HidOut, ProbeEndpoint.HidIn]
          : [ProbeEndpoint.BulkOut, ProbeEndpoint.BulkIn];
      const packets = (): number[] => ends.map((endpoint) => plugged.stats(endpoint).packets);
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

async function succeed(client: TestClient, line: string): Promise<void> {
  const { status, error } = JSON.parse(await client.line(line)) as { status: number; error?: string };
  assert.equal(status, 0, `${line}: ${error}`);
}
