// Clients that share the debug registers of a core.

import assert from 'node:assert/strict';
import { CORE_DEBUG, DCRSR_WRITE, DHCSR } from '../../src/dap/core-debug.js';
import { DP, MEM_AP } from '../../src/dap/registers.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { NEVER, SessionRig } from './session-rig.js';

const HALT = 0xa05f0003;
/** A DAP_Transfer that reads the first register of an AP's bank last: CSW, or DHCSR by BD0. */
const READ_AP_0 = 0x03;

class CoreRig implements AsyncDisposable {
  private constructor(readonly session: SessionRig) {}

  static async start(): Promise<CoreRig> {
    return new CoreRig(await SessionRig.start());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.session[Symbol.asyncDispose]();
  }

  /** A client that reads and writes words, has halted the core and has seen what DHCSR tells once. */
  async client(): Promise<ClientLease> {
    const lease = await this.session.connected();
    await this.session.run(lease.dap.writeDp(DP.SELECT, 0, NEVER));
    await this.session.run(lease.dap.writeAp(MEM_AP.CSW, Uint32Array.of(0x23000052), NEVER));
    await this.write(lease, CORE_DEBUG.DHCSR, HALT);
    await this.read(lease, CORE_DEBUG.DHCSR);
    return lease;
  }

  async read({ dap }: ClientLease, address: number): Promise<number> {
    await this.session.run(dap.writeAp(MEM_AP.TAR, Uint32Array.of(address), NEVER));
    const [word] = await this.session.run(dap.readAp(MEM_AP.DRW, 1, NEVER));
    return word;
  }

  async write({ dap }: ClientLease, address: number, word: number): Promise<void> {
    await this.session.run(dap.writeAp(MEM_AP.TAR, Uint32Array.of(address), NEVER));
    await this.session.run(dap.writeAp(MEM_AP.DRW, Uint32Array.of(word), NEVER));
  }

  async writeRegister(lease: ClientLease, register: number, value: number): Promise<void> {
    await this.write(lease, CORE_DEBUG.DCRDR, value);
    await this.write(lease, CORE_DEBUG.DCRSR, DCRSR_WRITE | register);
  }

  async seesReset(lease: ClientLease): Promise<boolean> {
    return ((await this.read(lease, CORE_DEBUG.DHCSR)) & DHCSR.S_RESET_ST) !== 0;
  }
}

describe('bits of DHCSR that are cleared by being read', () => {
  it('are shown to everyone once', async () => {
    await using rig = await CoreRig.start();
    const [first, second] = [await rig.client(), await rig.client()];

    await rig.session.run(first.reset(NEVER));

    const seen: boolean[] = [];
    for (const client of [first, second, first, second]) seen.push(await rig.seesReset(client));
    assert.deepEqual(seen, [true, true, false, false]);
  });

  it('are shown to everyone also where sharing has read them to fetch a core register', async () => {
    await using rig = await CoreRig.start();
    const [first, second] = [await rig.client(), await rig.client()];
    await rig.write(first, CORE_DEBUG.DCRSR, 1);
    await rig.write(second, CORE_DEBUG.DCRSR, 2);
    await rig.session.run(second.reset(NEVER));

    await rig.read(first, CORE_DEBUG.DCRDR);

    assert.deepEqual([await rig.seesReset(first), await rig.seesReset(second)], [true, true]);
  });
});

describe('a core register that a client has selected before another one did', () => {
  it('is fetched when the core has it ready, and not before', async () => {
    await using rig = await CoreRig.start();
    const [first, second] = [await rig.client(), await rig.client()];
    await rig.writeRegister(first, 1, 0x11111111);
    await rig.writeRegister(second, 2, 0x22222222);
    await rig.write(first, CORE_DEBUG.DCRSR, 1);
    await rig.write(second, CORE_DEBUG.DCRSR, 2);
    let polls = 0;
    rig.session.sim.onCommand(DapCommand.Transfer, {
      answer: (answer, command) => {
        // One transfer, and its word behind its count and ACK.
        const isPoll = command[2] === 1 && command[3] === READ_AP_0;
        if (isPoll && ++polls < 4) answer[5] &= ~1; // S_REGRDY, bit 16
        return answer;
      },
    });

    const value = await rig.read(first, CORE_DEBUG.DCRDR);

    assert.equal(value, 0x11111111);
    assert.equal(polls, 4);
    assert.equal(await rig.read(second, CORE_DEBUG.DCRDR), 0x22222222);
  });

  it('is that one also where TAR has bits below a word, which an access ignores', async () => {
    await using rig = await CoreRig.start();
    const [first, second] = [await rig.client(), await rig.client()];
    await rig.writeRegister(first, 1, 0x11111111);
    await rig.writeRegister(second, 2, 0x22222222);
    await rig.write(first, CORE_DEBUG.DCRSR | 2, 1);
    await rig.write(second, CORE_DEBUG.DCRSR, 2);

    assert.equal(await rig.read(first, CORE_DEBUG.DCRDR | 1), 0x11111111);
    assert.equal(await rig.read(second, CORE_DEBUG.DCRDR), 0x22222222);
  });
});
