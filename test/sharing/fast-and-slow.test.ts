// The fast way, with writes posted and several packets in the probe at once, against the slow one, where every write is
// waited for and every packet, too: whatever goes wrong, and at whichever access of a long run, a client is told the same
// and finds the same afterwards.

import assert from 'node:assert/strict';
import { bitString } from '../../src/dap/bit-string.js';
import { ABORT, CTRL_STAT, DP, MEM_AP } from '../../src/dap/registers.js';
import { CLEAR_STICKY, STICKY } from '../../src/dap/sticky-flags.js';
import type { WireProtocol } from '../../src/dap/wire-protocol.js';
import { ProbeDisconnectedError } from '../../src/probe/errors.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import type { PacketHook } from '../../src/sim/firmware/packet-hooks.js';
import { ProbeEndpoint } from '../../src/sim/probe-descriptor.js';
import type { AccessFault } from '../../src/sim/target/access-faults.js';
import { NEVER, SessionRig } from './session-rig.js';

const CSW_WORDS = 0x23000052;
const POWER = CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ;
/** Seven packets of 64 bytes, and within the 1 KB that TAR counts in. */
const WORDS = 100;
const PACKET_COUNT = 4;
/** More than all packets in the probe together are repeated. */
const STUCK = 5000;
/** The first access, the last of a packet and the first of the next, the middle, the last one. */
const PLACES = [0, 1, 13, 14, 15, 16, 29, 30, 50, 98, 99];

const probe = { packetSizeBytes: 64, packetCount: PACKET_COUNT, transports: 'v2' } as const;
const ways = {
  fast: { probe, driver: { postedWrites: true } },
  slow: { probe, driver: { postedWrites: false, maxPacketsInFlight: 1 } },
} as const;
type Way = keyof typeof ways;

/** A client that notes what it is told. */
class Client {
  /** Of each request: words, or the name of an error. */
  readonly told: unknown[] = [];

  private constructor(
    readonly rig: SessionRig,
    readonly lease: ClientLease,
    readonly protocol: WireProtocol,
  ) {}

  /** Connected, and with an AP that is known for a MEM-AP. */
  static async connect(rig: SessionRig, protocol: WireProtocol): Promise<Client> {
    // A core that runs would take the time of the test.
    for (const processor of rig.sim.board.processors) processor.write(0xe000edf0, 4, 0xa05f0003);
    const client = new Client(rig, await rig.connected(protocol), protocol);
    for (let i = 0; i < 2 * WORDS; i++) rig.sim.board.memory.write(RAM_BASE + 4 * i, 4, 0xa0000000 + i);
    await rig.run(client.lease.dap.writeDp(DP.SELECT, MEM_AP.IDR & 0xf0, NEVER));
    await client.ask(client.lease.dap.readAp(MEM_AP.IDR, 1, NEVER));
    await rig.run(client.lease.dap.writeDp(DP.SELECT, 0, NEVER));
    await client.read();
    return client;
  }

  async ask(request: Promise<unknown>): Promise<void> {
    try {
      const result = await this.rig.run(request);
      this.told.push(result instanceof Uint32Array ? [...result] : result);
    } catch (error) {
      this.told.push(error instanceof Error ? error.name : error);
    }
  }

  async select(address: number): Promise<void> {
    const { dap } = this.lease;
    await this.rig.run(dap.writeAp(MEM_AP.CSW, Uint32Array.of(CSW_WORDS), NEVER));
    await this.rig.run(dap.writeAp(MEM_AP.TAR, Uint32Array.of(address), NEVER));
  }

  async read(): Promise<void> {
    await this.select(RAM_BASE);
    await this.ask(this.lease.dap.readAp(MEM_AP.DRW, WORDS, NEVER));
  }

  /** With a `flush`, so that an error is told at the same place the fast way. */
  async write(first: number): Promise<void> {
    await this.select(RAM_BASE + 4 * WORDS);
    const words = Uint32Array.from({ length: WORDS }, (_, i) => first + i);
    const { dap } = this.lease;
    await this.ask(dap.writeAp(MEM_AP.DRW, words, NEVER).then(() => dap.flush(NEVER)));
  }

  /** What a client does after an error: looks, clears, and looks where TAR is. */
  async recover(): Promise<void> {
    const { dap } = this.lease;
    await this.ask(dap.readDp(DP.CTRL_STAT, NEVER));
    await this.clear();
    await this.ask(dap.readAp(MEM_AP.TAR, 1, NEVER));
  }

  async clear(): Promise<void> {
    const { dap } = this.lease;
    const cleared =
      this.protocol === 'SWD'
        ? dap.writeDp(DP.ABORT, CLEAR_STICKY, NEVER)
        : dap.writeDp(DP.CTRL_STAT, (POWER | STICKY) >>> 0, NEVER);
    await this.ask(cleared.then(() => dap.flush(NEVER)));
  }

  /** What is in memory in the end, behind the client's back. */
  noteMemory(): void {
    const { memory } = this.rig.sim.board;
    this.told.push(Array.from({ length: 2 * WORDS }, (_, i) => memory.read(RAM_BASE + 4 * i, 4)));
  }
}

/** Plays the same both ways. @returns what the client was told */
async function bothWays(
  protocol: WireProtocol,
  play: (client: Client, way: Way) => Promise<void>,
): Promise<Record<Way, readonly unknown[]>> {
  const toldIn = async (way: Way): Promise<readonly unknown[]> => {
    await using rig = await SessionRig.start(ways[way]);
    const client = await Client.connect(rig, protocol);
    const before = client.told.length;
    await play(client, way);
    client.noteMemory();
    return client.told.slice(before);
  };
  return { fast: await toldIn('fast'), slow: await toldIn('slow') };
}

for (const protocol of ['SWD', 'JTAG'] as const) {
  describe(`the fast way, compared with the slow one (${protocol})`, function () {
    this.timeout(60_000);

    for (const direction of ['read', 'write'] as const) {
      const on = { port: 'AP', direction, address: 0xc } as const;
      const access = (client: Client): Promise<void> =>
        direction === 'read' ? client.read() : client.write(0xb0000000);

      it(`tells of a FAULT in the middle of a ${direction}, leaves TAR and memory as it does, and goes on`, async () => {
        for (const after of PLACES) {
          const told = await bothWays(protocol, async (client) => {
            client.rig.sim.board.faults.inject({ kind: 'fault', on, after });
            await access(client);
            await client.recover();
            await client.read();
            await client.write(0xc0000000);
          });

          assert.deepEqual(told.fast, told.slow, `after ${after}`);
          assert.equal(told.fast[0], 'TransferFaultError', `after ${after}`);
        }
      });

      it(`tells of a WAIT that lasts, in the middle of a ${direction}, and goes on`, async () => {
        for (const after of PLACES) {
          const told = await bothWays(protocol, async (client) => {
            const stuck = client.rig.sim.board.faults.inject({ kind: 'wait', on, after, times: STUCK });
            await access(client);
            await client.ask(client.lease.dap.readDp(DP.CTRL_STAT, NEVER));
            stuck[Symbol.dispose]();
            await client.ask(client.lease.dap.writeDp(DP.ABORT, ABORT.DAPABORT, NEVER));
            await client.recover();
            await client.read();
            await client.write(0xc0000000);
          });

          assert.deepEqual(told.fast, told.slow, `after ${after}`);
          assert.equal(told.fast[0], 'TransferTimeoutError', `after ${after}`);
        }
      });
    }

    it('waits where the target says WAIT for a while', async () => {
      for (const after of PLACES) {
        const told = await bothWays(protocol, async (client) => {
          client.rig.sim.board.faults.inject({ kind: 'wait', on: { port: 'AP' }, after, times: 3 });
          await client.write(0xb0000000);
          client.rig.sim.board.faults.inject({ kind: 'wait', on: { port: 'AP' }, after, times: 3 });
          await client.read();
        });

        assert.deepEqual(told.fast, told.slow, `after ${after}`);
        assert.deepEqual(told.fast.slice(0, 1), [undefined]);
      }
    });

    it('is told of an unplug with packets in the probe, and finds the same after replug', async () => {
      const told = await bothWays(protocol, async (client, way) => {
        const { rig, lease } = client;
        await client.select(RAM_BASE);
        await rig.run(lease.dap.flush(NEVER));
        rig.sim.holdAnswers();
        const sent = (): number => rig.bus.stats(rig.sim, ProbeEndpoint.BulkOut).transfers;
        const before = sent();
        const received = rig.sim.received(DapCommand.TransferBlock);
        const reading = client.ask(lease.dap.readAp(MEM_AP.DRW, WORDS, NEVER));
        await received;
        await rig.clock.advance(1);
        assert.equal(sent() - before, way === 'fast' ? PACKET_COUNT : 1);
        await rig.unplug();
        await reading;
        await client.ask(lease.dap.readDp(DP.DPIDR, NEVER));
        rig.sim.releaseAnswers();
        await rig.plug();
        await client.ask(lease.open(NEVER));
        await client.ask(lease.connect(protocol, NEVER));
        await rig.wakeUp(lease, protocol);
        await client.write(0xc0000000);
      });

      const memory = told.slow.at(-1);
      assert.ok(Array.isArray(memory));
      assert.deepEqual(told.fast.slice(0, -1), told.slow.slice(0, -1));
      assert.deepEqual(told.fast.slice(0, 2), [ProbeDisconnectedError.name, ProbeDisconnectedError.name]);
      // What RAM holds when it gets its power back, nobody knows.
      assert.deepEqual((told.fast.at(-1) as unknown[]).slice(WORDS), memory.slice(WORDS));
    });

    const badAnswers: readonly (readonly [string, PacketHook])[] = [
      ['that comes late', { answer: () => undefined }],
      ['to another command', { answer: (answer) => Uint8Array.of(DapCommand.Info, ...answer.subarray(1)) }],
    ];
    for (const [what, hook] of badAnswers) {
      it(`takes no answer ${what} for that of a later packet`, async () => {
        for (const packets of [0, 2, 5]) {
          const told = await bothWays(protocol, async (client) => {
            const { sim } = client.rig;
            let seen = 0;
            let late: Uint8Array | undefined;
            const meddling = sim.onCommand(DapCommand.TransferBlock, {
              answer: (answer, command) => {
                if (seen++ !== packets) return answer;
                late = answer;
                return hook.answer?.(answer, command);
              },
            });
            await client.read();
            meddling[Symbol.dispose]();
            if (late) sim.leaveStale(late);
            await client.recover();
            await client.read();
            await client.read();
            await client.write(0xc0000000);
          });

          // TAR is where the last packet has left it that was in the probe: nobody counts on it behind a broken exchange.
          const comparable = (all: readonly unknown[]): readonly unknown[] => all.filter((_, i) => i !== 3);
          assert.deepEqual(comparable(told.fast), comparable(told.slow), `after ${packets}`);
          assert.match(String(told.fast[0]), /Error$/, `after ${packets}`);
        }
      });
    }

    const losses: readonly (readonly [string, (client: Client) => void | Promise<void>])[] = [
      ['the target was without power', ({ rig }) => rig.sim.board.powerCycle()],
      [
        'another one reset the line',
        async ({ rig, lease }) => {
          for (const bits of [bitString(51, 2n ** 51n - 1n), bitString(8, 0)])
            await rig.run(lease.swjSequence(bits, NEVER));
        },
      ],
      [
        'a fault has gone unnoticed',
        ({ rig }) => void rig.sim.board.faults.inject({ kind: 'fault', on: { port: 'AP' } } satisfies AccessFault),
      ],
    ];
    for (const [what, happens] of losses) {
      it(`finds what the slow way finds when ${what} behind our back`, async () => {
        const told = await bothWays(protocol, async (client) => {
          await happens(client);
          await client.ask(client.lease.dap.readAp(MEM_AP.DRW, WORDS, NEVER));
          await client.clear();
          await client.rig.wakeUp(client.lease, protocol);
          for (const register of [MEM_AP.CSW, MEM_AP.TAR])
            await client.ask(client.lease.dap.readAp(register, 1, NEVER));
          await client.write(0xc0000000);
          await client.read();
        });

        const rest = told.slow.length - (what.includes('power') ? 2 : 0);
        assert.deepEqual(told.fast.slice(0, rest), told.slow.slice(0, rest));
      });
    }
  });
}
