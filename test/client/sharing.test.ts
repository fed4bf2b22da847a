// Clients that share a probe, each through a helper of its own: every one of them is told what it would be told alone and
// without a helper, but for late errors, of which it is told with the next request that waits.

import assert from 'node:assert/strict';
import process from 'node:process';
import { Accelerator } from '../../src/client/accelerator.js';
import { tcpEndpoint } from '../../src/client/endpoint.js';
import { RequestPolicy } from '../../src/client/request-policy.js';
import { Disposer } from '../../src/base/disposer.js';
import { DP, MEM_AP } from '../../src/dap/registers.js';
import type { WireProtocol } from '../../src/dap/wire-protocol.js';
import type { SimBoard } from '../../src/sim/board/sim-board.js';
import { CLEAR_STICKY } from '../../src/dap/sticky-flags.js';
import type { ProbeRequestName } from '../../src/protocol/request-names.js';
import { connectSwd } from '../support/connect-swd.js';
import { randomFrom } from '../support/random.js';
import { TestClient } from '../support/test-client.js';
import { startWorld, type World } from '../support/world.js';

const UID = 'A1';
/** Where every write has an error of its own: what was posted in the daemon as well would be told at another place. */
const CONFIG =
  `[listen]\naddresses = ["127.0.0.1"]\nfirst_port = 0\n` +
  `[[probe]]\nuid = "${UID}"\nposted_writes = false\nmemory_handles = true\n`;
const CLIENTS = 4;
const BURSTS = 100;
const RAM = 0x2002_0000;
const NO_MEMORY = 0x9000_0000;
/** Words of RAM that each client has for itself. */
const WORDS = 64;

/** What the clients share, and how. */
interface Target {
  readonly protocol: WireProtocol;
  /** Every other client uses the second AP. */
  readonly apart: boolean;
  readonly handles: boolean;
}

interface Request {
  readonly name: ProbeRequestName;
  readonly args: readonly unknown[];
}

/** What a client sends without a pause: requests without a result, then one with. */
type Burst = readonly Request[];

interface Told {
  readonly status: number;
  readonly result?: unknown;
  readonly error?: string | undefined;
}

const request = (name: ProbeRequestName, ...args: unknown[]): Request => ({ name, args });

/** Value of SELECT that a client's AP begins at. */
function apOf({ apart }: Target, client: number): number {
  return apart ? (client % 2) * 0x01000000 : 0;
}

function clearSticky({ protocol }: Target): Request {
  return protocol === 'SWD'
    ? request('write_dp', DP.ABORT, CLEAR_STICKY)
    : request('write_dp', DP.CTRL_STAT, 0x5000_0f32); // IHI 0031 B2.2.2: over JTAG by writing ones to them
}

function randomBurst(random: (below: number) => number, client: number, target: Target): Burst {
  const address = RAM + 4 * (client * WORDS + random(WORDS / 2));
  const word = (): number => random(2 ** 31);
  const posted: (() => Burst)[] = [
    () => [request('write_ap', MEM_AP.CSW, random(2) ? 0x23000012 : 0x23000002)], // words, TAR advances or not
    () => [request('write_ap', MEM_AP.TAR, address)],
    () => [request('write_ap', MEM_AP.TAR, address), request('write_ap', MEM_AP.DRW, word())],
    () => [
      request('write_ap', MEM_AP.TAR, address),
      request('write_ap_multiple', MEM_AP.DRW, [word(), word(), word()]),
    ],
    () => [clearSticky(target)],
    () => [request('write_dp', DP.SELECT, apOf(target, client))],
    () => [request('set_clock', 1_000_000)],
    () => [request('flush')],
    () => [request('lock'), request('write_ap', MEM_AP.TAR, address), request('unlock')],
    // A fault, and sometimes what only follows from it.
    () => [request('write_ap', MEM_AP.TAR, NO_MEMORY), request('write_ap', MEM_AP.DRW, word())],
    ...(target.handles
      ? [
          () => [request('write_mem', 0, address, word(), 32)],
          () => [request('write_block32', 0, address, [word(), word(), word()])],
          () => [request('write_block8', 0, address + 1, [random(256), random(256), random(256)])],
          () => [request('write_mem', 0, NO_MEMORY, word(), 32)],
        ]
      : []),
  ];
  const waiting: (() => Request)[] = [
    () => request('read_ap', MEM_AP.TAR),
    () => request('read_ap', MEM_AP.CSW),
    () => request('read_ap', MEM_AP.DRW),
    () => request('read_ap_multiple', MEM_AP.DRW, 1 + random(8)),
    () => request('read_dp', DP.CTRL_STAT),
    () => request('read_mem', 1, address, 32), // of a handle that nobody has
    ...(target.handles
      ? [
          () => request('read_mem', 0, address + random(4), 8),
          () => request('read_block32', 0, address, 1 + random(8)),
          () => request('read_block8', 0, address + random(4), 1 + random(8)),
          () => request('read_mem', 0, NO_MEMORY, 32),
        ]
      : []),
  ];
  const pieces = Array.from({ length: random(5) }, () => posted[random(posted.length)]());
  return [...pieces.flat(), waiting[random(waiting.length)]()];
}

/** A client's whole conversation, beginning in a state that is known. */
function randomProgram(random: (below: number) => number, client: number, target: Target): readonly Burst[] {
  const begin = [
    clearSticky(target),
    request('write_dp', DP.CTRL_STAT, 0x5000_0f00),
    request('write_dp', DP.SELECT, apOf(target, client)),
    request('write_ap', MEM_AP.CSW, 0x23000012),
    request('write_ap', MEM_AP.TAR, RAM + 4 * client * WORDS),
    ...(target.handles ? [request('get_memory_interface_for_ap', 1, target.apart ? client % 2 : 0)] : []),
    // RAM begins with what the simulator has there: it is to be the same alone and together.
    request('write_ap_multiple', MEM_AP.DRW, Array<number>(WORDS).fill(client)),
    request('write_ap', MEM_AP.TAR, RAM + 4 * client * WORDS),
    request('read_dp', DP.CTRL_STAT),
  ];
  return [begin, ...Array.from({ length: BURSTS }, () => randomBurst(random, client, target))];
}

async function startBoard({ apart }: Target): Promise<{ readonly world: World; readonly board: SimBoard }> {
  const world = await startWorld({ config: CONFIG });
  const served = world.event('served', UID);
  const { board } = world.plug({ uid: UID, board: { kind: apart ? 'second-ap' : 'plain' } });
  await served;
  // A core that runs does what nobody can foresee.
  for (const processor of board.processors) processor.write(0xe000edf0, 4, 0xa05f0003);
  return { world, board };
}

/** As `connectSwd`. Test-Logic-Reset, the switch to JTAG, and Run-Test/Idle: IHI 0031 B5.2.2. */
async function connectJtag(client: TestClient): Promise<void> {
  await client.result('connect', 'JTAG');
  for (const [length, bits] of [
    [51, 2 ** 51 - 1],
    [16, 0xe73c],
    [8, 0xff],
    [1, 0],
  ])
    // prettier-ignore
    await client.result('swj_sequence', length, bits);
  await client.result('read_dp', 0);
}

/** @param disturb  called before each burst */
async function play(
  client: TestClient,
  program: readonly Burst[],
  { protocol }: Target,
  disturb: () => void = () => undefined,
): Promise<readonly Told[]> {
  await client.result('open');
  await (protocol === 'SWD' ? connectSwd(client) : connectJtag(client));
  const told: Told[] = [];
  for (const burst of program) {
    disturb();
    const lines = burst.map(({ name, args }, id) => `${JSON.stringify({ id, request: name, arguments: args })}\n`);
    client.send(lines.join(''));
    for (const [id] of burst.entries()) {
      const { id: answered, error, ...reply } = await client.reply();
      assert.equal(answered, id);
      // Where several share, a fault may be found while a client's registers are put back: at another of them.
      told.push({ ...reply, ...(error !== undefined && { error: error.replace(/ \([AD]P 0x[0-9a-f]{8}\)/, '') }) });
    }
  }
  return told;
}

/** What the helper has to say where the server says `direct`. */
function throughHelper(requests: readonly Request[], direct: readonly Told[]): readonly Told[] {
  const policy = new RequestPolicy(); // a flush behind a word that could be for AIRCR waits, too, and one word in 65536 could
  let late: Told | undefined;
  return requests.map(({ name, args }, i) => {
    const reply = direct[i];
    if (policy.policyOf({ id: String(i), name, args }) === 'waits') {
      const told = late ?? reply;
      late = undefined;
      return told;
    }
    if (reply.status !== 0) late ??= { ...reply, error: `from an earlier ${name}: ${reply.error}` };
    return { status: 0 };
  });
}

const targets: readonly Target[] = [
  { protocol: 'SWD', apart: false, handles: false },
  { protocol: 'SWD', apart: true, handles: true },
  { protocol: 'JTAG', apart: false, handles: true },
];

for (const target of targets) {
  const { protocol, apart, handles } = target;
  const what = [protocol, apart && 'two APs', handles && 'memory handles'].filter(Boolean).join(', ');
  describe(`${CLIENTS} clients of a probe, each behind a pipelining helper (${what})`, function () {
    this.timeout(120_000);

    it('are each told what they would be told alone, errors at the next request that waits', async () => {
      const seed = Number(process.env.PROBED_SEED ?? 1);
      const random = randomFrom(seed);
      const programs = Array.from({ length: CLIENTS }, (_, client) => randomProgram(random, client, target));
      const alone: (readonly Told[])[] = [];
      for (const program of programs) {
        const started = await startBoard(target);
        await using world = started.world;
        alone.push(await play(await world.client(UID), program, target));
      }

      const { board, ...started } = await startBoard(target);
      await using world = started.world;
      await using disposer = new Disposer();
      const endpoint = tcpEndpoint({ host: '127.0.0.1', port: world.status(UID)?.port ?? 0 });
      // A target that is slow now and then, which nobody is told of: the probe repeats the access.
      const disturb = (): void => {
        if (random(4) === 0) board.faults.inject({ kind: 'wait', times: 3, on: { port: 'AP' } });
      };
      const together = programs.map(async (program) => {
        const helper = disposer.use(await Accelerator.listen({ endpoint }));
        return play(disposer.use(await TestClient.connect(helper.port)), program, target, disturb);
      });
      const told = await Promise.all(together);

      const faults = alone.flat().filter(({ status }) => status === 12).length;
      assert.ok(faults > 20, `seed ${seed}: only ${faults} accesses failed`);
      for (const [client, program] of programs.entries()) {
        const requests = program.flat();
        const expected = throughHelper(requests, alone[client]);
        for (const [i, { name, args }] of requests.entries()) {
          const where = `seed ${seed}, client ${client}, request ${i}: ${name} ${JSON.stringify(args)}`;
          assert.deepEqual(told[client][i], expected[i], where);
        }
      }
    });
  });
}
