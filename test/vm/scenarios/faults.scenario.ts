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
  /** The endpoint of which QEMU does not show it to the guest. */
  readonly exceptOn?: number;
  /** Reads with the fault. */
  readonly read: (bench: Bench) => Promise<Reply>;
}

function spoilt(hook: PacketHook): (bench: Bench) => Promise<Reply> {
  return ({ probe, client }) => {
    probe.interceptNext(DapCommand.Transfer, hook);
    return client.request('read_dp', CTRL_STAT);
  };
}

/** The probe has the command, and this is what comes of it. */
function insteadOfAnswer(happens: (bench: Bench) => void): (bench: Bench) => Promise<Reply> {
  return async (bench) => {
    const { probe, client } = bench;
    probe.interceptNext(DapCommand.Transfer, { answer: () => undefined });
    const reply = client.request('read_dp', CTRL_STAT);
    await probe.received(DapCommand.Transfer);
    happens(bench);
    return reply;
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
    read: insteadOfAnswer(({ plugged, input }) => plugged.send(input, Uint8Array.of(DapCommand.Transfer))),
  },
  {
    name: 'an empty answer',
    status: PROBE_ERROR,
    read: insteadOfAnswer(({ plugged, input }) => plugged.send(input, Uint8Array.of())),
  },
  {
    name: "another command's answer",
    status: PROBE_ERROR,
    read: spoilt({ answer: (answer) => Uint8Array.of(0x06, ...answer.subarray(1)) }),
  },
  {
    name: 'a STALL in place of an answer',
    status: PROBE_ERROR,
    read: insteadOfAnswer(({ plugged, input }) => plugged.stall(input)),
  },
  {
    name: 'a STALL of the command',
    status: PROBE_ERROR,
    // What goes to an interrupt endpoint has been sent as soon as it is submitted (QEMU, redirect.c): no guest hears of it.
    exceptOn: ProbeEndpoint.HidOut,
    async read({ plugged, client, output }) {
      plugged.stall(output);
      return client.request('read_dp', CTRL_STAT);
    },
  },
  {
    name: 'a command that it does not take',
    status: PROBE_ERROR,
    async read({ plugged, client, output }) {
      const refusing = plugged.refuse(output);
      const reply = await client.request('read_dp', CTRL_STAT);
      refusing[Symbol.dispose]();
      return reply;
    },
  },
  {
    name: 'babble',
    status: PROBE_ERROR,
    read: insteadOfAnswer(({ plugged, input }) => plugged.babble(input)),
  },
];

const { BulkIn, BulkOut, HidIn, HidOut, Control } = ProbeEndpoint;
const kinds = [
  { kind: 'v2', input: BulkIn, output: BulkOut, options: { transports: 'v2' } },
  { kind: 'v1', input: HidIn, output: HidOut, options: { transports: 'v1' } },
  // Its commands go over endpoint 0.
  {
    kind: 'v1 without OUT endpoint',
    ...{ input: HidIn, output: Control },
    options: { transports: 'v1', quirks: { noHidOut: true } },
  },
] as const;

describe('a fault of the device', () => {
  for (const { kind, input, output, options } of kinds) {
    scenario(`is told, and the probe serves on: ${kind} ${SHORT}`, async (vm, undo) => {
      const probe = emulatedProbe({ uid: 'FAULTY', ...options });
      const { daemon, plugged, client } = await serve(vm, probe);
      undo.use(client);
      const { pid } = daemon;

      for (const { name, status, read } of faults.filter(({ exceptOn }) => exceptOn !== output)) {
        const reply = await read({ probe, plugged, client, input, output });
        assert.equal(reply.status, status, `${name}: ${JSON.stringify(reply)}`);
        assert.equal(await connectSwd(client), DPIDR, `after ${name}`);
        figure(`${kind}, ${name}`, `status ${status}, "${reply.error}"`);
      }

      assert.equal((await daemon.status()).pid, pid);
    });
  }

  for (const transports of ['v2', 'v1'] as const) {
    scenario(
      `left over from a client that was killed does not reach the next one: ${transports} ${SHORT}`,
      async (vm, undo) => {
        const probe = emulatedProbe({ uid: 'STALE', transports });
        const { client } = await serve(vm, probe);
        undo.use(client);

        for (const stale of [
          [DapCommand.Transfer, 1, 1, 0xef, 0xbe, 0xad, 0xde],
          [DapCommand.Info, 1, 7],
        ].map((bytes) => Uint8Array.from(bytes))) {
          await client.result('close');
          probe.leaveStale(stale);
          // And one that is on its way when the probe is opened.
          probe.interceptNext('any', { command: (command) => (probe.leaveStale(stale), command) });
          await client.result('open');

          assert.equal(await connectSwd(client), DPIDR);
        }
      },
    );

    scenario(
      `in the middle of a transfer is status 2, and the same connection works after replug: ${transports} ${SHORT}`,
      async (vm, undo) => {
        const probe = emulatedProbe({ uid: 'PULLED', transports });
        const { daemon, plugged, client } = await serve(vm, probe);
        undo.use(client);
        probe.holdAnswers();

        const answer = client.request('read_dp', CTRL_STAT);
        await probe.received(DapCommand.Transfer);
        plugged[Symbol.dispose]();

        assert.equal((await answer).status, DISCONNECTED);
        assert.equal((await client.request('open')).status, DISCONNECTED);
        await daemon.probes(([{ state }]) => state === 'absent', 'the probe is missed');
        assert.equal((await client.request('open')).status, DISCONNECTED);
        probe.releaseAnswers();
        await vm.plug(probe, SOCKET);
        await daemon.probes(([{ state }]) => state !== 'absent', 'it is back');
        await client.result('open');
        assert.equal(await connectSwd(client), DPIDR);
      },
    );
  }
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
