import assert from 'node:assert/strict';
import { DapCommand } from '../../../src/sim/firmware/dap-command.js';
import type { PacketHook } from '../../../src/sim/firmware/packet-hooks.js';
import { ProbeEndpoint } from '../../../src/sim/probe-descriptor.js';
import type { SimProbe } from '../../../src/sim/sim-probe.js';
import { connectSwd } from '../../support/connect-swd.js';
import { type Reply, TestClient } from '../../support/test-client.js';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { GuestDaemon } from '../guest-daemon.js';
import { figure, scenario, SHORT } from '../scenario.js';
import type { RedirectedDevice } from '../usbredir/redirected-device.js';
import type { Vm } from '../vm.js';

const SOCKET = 3;
const CTRL_STAT = 4;
/** `probe` errors (docs/protocol.md). */
const PROBE_ERROR = 3;
const DISCONNECTED = 2;

interface Bench {
  readonly probe: SimProbe;
  readonly plugged: RedirectedDevice;
  readonly client: TestClient;
  readonly input: number;
  readonly output: number;
}

/** What a device does wrong with one read, and what its client is told. */
interface Fault {
  readonly name: string;
  readonly status: number;
  /** Over HID there is no such thing: reports have one length, and the kernel polls for them. */
  readonly bulkOnly?: boolean;
  /** Reads with the fault. */
  readonly read: (bench: Bench) => Promise<Reply>;
}

function spoilt(hook: PacketHook): (bench: Bench) => Promise<Reply> {
  return ({ probe, client }) => {
    probe.interceptNext(DapCommand.Transfer, hook);
    return client.request('read_dp', CTRL_STAT);
  };
}

const faults: readonly Fault[] = [
  { name: 'no answer', status: PROBE_ERROR, read: spoilt({ answer: () => undefined }) },
  {
    name: 'an answer that comes too late',
    status: PROBE_ERROR,
    async read({ probe, client }) {
      probe.holdAnswers();
      const reply = await client.request('read_dp', CTRL_STAT);
      probe.releaseAnswers();
      return reply;
    },
  },
  {
    name: 'an answer cut short',
    status: PROBE_ERROR,
    read: spoilt({ answer: (answer) => answer.subarray(0, 1) }),
    bulkOnly: true,
  },
  {
    name: "another command's answer",
    status: PROBE_ERROR,
    read: spoilt({ answer: (answer) => Uint8Array.of(0x06, ...answer.subarray(1)) }),
  },
  {
    name: 'a STALL in place of an answer',
    status: PROBE_ERROR,
    bulkOnly: true,
    async read({ probe, plugged, client, input }) {
      probe.interceptNext(DapCommand.Transfer, { answer: () => undefined });
      const reply = client.request('read_dp', CTRL_STAT);
      await probe.received(DapCommand.Transfer);
      plugged.stall(input);
      return reply;
    },
  },
  {
    name: 'a STALL of the command',
    status: PROBE_ERROR,
    bulkOnly: true,
    async read({ plugged, client, output }) {
      plugged.stall(output);
      return client.request('read_dp', CTRL_STAT);
    },
  },
  {
    name: 'babble',
    status: PROBE_ERROR,
    bulkOnly: true,
    async read({ probe, plugged, client, input }) {
      probe.interceptNext(DapCommand.Transfer, { answer: () => undefined });
      const reply = client.request('read_dp', CTRL_STAT);
      await probe.received(DapCommand.Transfer);
      plugged.babble(input);
      return reply;
    },
  },
];

describe('a fault of the device', () => {
  for (const transports of ['v2', 'v1'] as const) {
    scenario(`is told, and the probe serves on: ${transports} ${SHORT}`, async (vm, undo) => {
      const probe = emulatedProbe({ uid: 'FAULTY', transports });
      const { daemon, plugged, client } = await serve(vm, probe);
      undo.use(client);
      const [input, output] =
        transports === 'v2'
          ? [ProbeEndpoint.BulkIn, ProbeEndpoint.BulkOut]
          : [ProbeEndpoint.HidIn, ProbeEndpoint.HidOut];
      const { pid } = daemon;

      for (const { name, status, read } of faults.filter(({ bulkOnly }) => transports === 'v2' || !bulkOnly)) {
        const reply = await read({ probe, plugged, client, input, output });
        assert.equal(reply.status, status, `${name}: ${JSON.stringify(reply)}`);
        assert.equal(await connectSwd(client), DPIDR, `after ${name}`);
        figure(`${transports}, ${name}`, `status ${status}, "${reply.error}"`);
      }

      assert.equal((await daemon.status()).pid, pid);
    });
  }

  scenario(`left over from a client that was killed does not reach the next one ${SHORT}`, async (vm, undo) => {
    const probe = emulatedProbe({ uid: 'STALE' });
    const { client } = await serve(vm, probe);
    undo.use(client);
    await client.result('close');

    probe.leaveStale(Uint8Array.of(DapCommand.Transfer, 1, 1, 0xef, 0xbe, 0xad, 0xde));
    await client.result('open');

    assert.equal(await connectSwd(client), DPIDR);
  });

  scenario(
    `in the middle of a transfer is status 2, and the same connection works after replug ${SHORT}`,
    async (vm, undo) => {
      const probe = emulatedProbe({ uid: 'PULLED' });
      const { daemon, plugged, client } = await serve(vm, probe);
      undo.use(client);
      probe.holdAnswers();

      const answer = client.request('read_dp', CTRL_STAT);
      await probe.received(DapCommand.Transfer);
      plugged[Symbol.dispose]();

      assert.equal((await answer).status, DISCONNECTED);
      await daemon.probes(([{ state }]) => state === 'absent', 'the probe is missed');
      assert.equal((await client.request('open')).status, DISCONNECTED);
      probe.releaseAnswers();
      await vm.plug(probe, SOCKET);
      await daemon.probes(([{ state }]) => state !== 'absent', 'it is back');
      await client.result('open');
      assert.equal(await connectSwd(client), DPIDR);
    },
  );
});

/** Plugs a probe in, and connects a client on the host to its target. */
async function serve(
  vm: Vm,
  probe: SimProbe,
): Promise<{ daemon: GuestDaemon; plugged: RedirectedDevice; client: TestClient }> {
  const daemon = await GuestDaemon.start(vm);
  const plugged = await vm.plug(probe, SOCKET);
  const { port = 0 } = await daemon.served(probe.uid);
  const client = await TestClient.connect(await vm.forward(port));
  await client.result('open');
  assert.equal(await connectSwd(client), DPIDR);
  return { daemon, plugged, client };
}
