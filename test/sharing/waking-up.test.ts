// A line that is woken up in several requests, with those of another client between.

import assert from 'node:assert/strict';
import { bitString } from '../../src/dap/bit-string.js';
import { TransferFaultError } from '../../src/dap/errors.js';
import { DP, MEM_AP, POWER_REQUESTS } from '../../src/dap/registers.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { NEVER, type Request, SessionRig, wakingUp } from './session-rig.js';

const connecting: readonly Request[] = [(lease) => lease.open(NEVER), (lease) => lease.connect('SWD', NEVER)];
const readsDpidr: Request = (lease) => lease.dap.readDp(DP.DPIDR, NEVER);

/** Two clients, and what each has to see when it has arrived. */
interface Pair {
  readonly name: string;
  readonly board: 'multidrop' | 'plain';
  readonly requests: readonly (readonly Request[])[];
  /** Bits 31:28 of register 4 in bank 3, which in a DPv2 is DLPIDR with TINSTANCE; in a DPv1 it is CTRL/STAT. */
  readonly sees: readonly number[];
}

/** As CMSIS-Pack's DebugPortSetup has it, and stock clients for targets out of a pack: none longer than 64 clocks. */
const wakingUpInPieces: readonly Request[] = [
  ...sequences([51, -1], [31, 0x33bbbbba], [8, 0xff], [64, 0x86852d95_6209f392n], [64, 0x19bc0ea2_e3ddafe9n]),
  ...sequences([4, 0], [8, 0x1a], [51, -1], [3, 0]),
];

const pairs: readonly Pair[] = [
  {
    name: 'a multi-drop line',
    board: 'multidrop',
    requests: [wakingUp(0x01002927), wakingUp(0x11002927)],
    sees: [0, 1],
  },
  {
    name: 'a multi-drop line, one of them in pieces',
    board: 'multidrop',
    requests: [[...wakingUpInPieces, ...wakingUp(0x01002927).slice(-2)], wakingUp(0x11002927)],
    sees: [0, 1],
  },
  {
    name: 'a line, one of them by way of dormant state',
    board: 'plain',
    requests: [
      // To SWD and to dormant state (IHI 0031 B5.2 and B5.3.3), and out of it.
      [...sequences([51, -1], [16, 0xe79e], [51, -1], [16, 0xe3bc]), ...wakingUp(0).slice(0, 4), readsDpidr],
      [...sequences([51, -1], [16, 0xe79e], [51, -1], [8, 0]), readsDpidr],
    ],
    sees: [0, 0],
  },
];

/** Requests of the second client: it has sent what it begins with, and is not through. */
const HALF_WAY = connecting.length + 3;

/** A client that does one thing after the other. */
class Visitor {
  readonly #lease: ClientLease;
  readonly #rest: Request[];

  constructor(
    private readonly rig: SessionRig,
    requests: readonly Request[],
    private readonly sees: number,
  ) {
    this.#lease = rig.lease();
    this.#rest = [...connecting, ...requests];
  }

  /** Sends its next requests. */
  async go(count: number): Promise<void> {
    for (const request of this.#rest.splice(0, count)) await this.rig.run(request(this.#lease));
  }

  /** Does what is left, and looks where it is. */
  async arrive(): Promise<void> {
    await this.go(Infinity);
    await this.rig.run(this.#lease.dap.writeDp(DP.SELECT, 3, NEVER));
    const register = await this.rig.run(this.#lease.dap.readDp(4, NEVER));
    assert.equal(register >>> 28, this.sees);
  }

  die(): Promise<void> {
    return this.rig.run(Promise.resolve(this.#lease[Symbol.asyncDispose]()));
  }
}

for (const { name, board, requests, sees } of pairs) {
  /** How many requests the first one has sent when it goes on: it may be anywhere on its way. */
  const places = Array.from({ length: connecting.length + requests[0].length + 1 }, (_, sent) => sent);

  describe(`two clients that bring up ${name}`, () => {
    async function meet(rig: SessionRig, before: number, between: number): Promise<Visitor[]> {
      const visitors = requests.map((each, i) => new Visitor(rig, each, sees[i]));
      await visitors[0].go(before);
      await visitors[1].go(between);
      return visitors;
    }

    for (const before of places) {
      for (const [place, between] of Object.entries({ 'half-way': HALF_WAY, there: Infinity })) {
        it(`get where they want to, the first one ${before} requests ahead of the other, which is ${place}`, async () => {
          await using rig = await SessionRig.start({ probe: { board: { kind: board } } });
          const [first, second] = await meet(rig, before, between);

          await first.arrive();
          await second.arrive();
          await first.arrive();
        });
      }

      it(`do not keep each other from it by dying, the first one after ${before} requests`, async () => {
        await using rig = await SessionRig.start({ probe: { board: { kind: board } } });
        const [first, second] = await meet(rig, before, HALF_WAY);

        await first.die();
        await second.arrive();
      });

      it(`do not keep each other from it by dying, the second one before the first goes on behind ${before}`, async () => {
        await using rig = await SessionRig.start({ probe: { board: { kind: board } } });
        const [first, second] = await meet(rig, before, Infinity);

        await second.die();
        await first.arrive();
      });
    }
  });
}

describe('a line that is brought up behind the FAULT of a client that has gone', () => {
  // A debug port that is selected answers the second one, and with sticky flags set it would be by FAULT.
  it('is up also where TARGETSEL is sent twice', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const [goes, stays] = [await rig.selected(0x11002927), await rig.selected(0x11002927)];
    for (const { dap } of [goes, stays]) await rig.run(dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    const [lineReset, idle, targetSel] = wakingUp(0x11002927).slice(-4);
    await rig.run(lineReset(stays));
    await rig.run(idle(stays));

    await rig.run(goes.dap.writeAp(MEM_AP.TAR, Uint32Array.of(0x30000000), NEVER)); // nothing is there
    await assert.rejects(rig.run(goes.dap.readAp(MEM_AP.DRW, 1, NEVER)), TransferFaultError);
    await rig.run(Promise.resolve(goes[Symbol.asyncDispose]()));
    await rig.run(targetSel(stays));
    await rig.run(targetSel(stays));

    assert.equal(await rig.run(stays.dap.readDp(DP.DPIDR, NEVER)), 0x0bc12477);
  });
});

function sequences(...all: readonly (readonly [clocks: number, bits: number | bigint])[]): Request[] {
  return all.map(
    ([clocks, bits]) =>
      (lease) =>
        lease.swjSequence(bitString(clocks, bits), NEVER),
  );
}
