// What a change from one client to another costs on the wire: DAP_Transfers counted one by one. docs/sharing.md says the
// same in its table.

import assert from 'node:assert/strict';
import { DP, MEM_AP } from '../../src/dap/registers.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { NEVER, SessionRig, type SessionRigOptions } from './session-rig.js';

const WORDS = 0x23000012;
const BYTES = 0x23000010;

class CountingRig implements AsyncDisposable {
  transfers = 0;
  packets = 0;

  private constructor(readonly rig: SessionRig) {
    rig.sim.onCommand(DapCommand.Transfer, { command: (bytes) => this.#note(bytes, bytes[2]) });
    rig.sim.onCommand(DapCommand.TransferBlock, { command: (bytes) => this.#note(bytes, bytes[2] | (bytes[3] << 8)) });
    rig.sim.onCommand('any', { command: (bytes) => this.#note(bytes, 0) });
  }

  static async start(options?: SessionRigOptions): Promise<CountingRig> {
    return new CountingRig(await SessionRig.start(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rig[Symbol.asyncDispose]();
  }

  /** Transfers that some accesses take. */
  async cost(accesses: () => Promise<unknown>): Promise<number> {
    const before = this.transfers;
    await this.rig.run(accesses());
    return this.transfers - before;
  }

  /** A client whose CSW is as given, which has read a word from `address`. */
  async client(csw: number, address: number): Promise<ClientLease> {
    const lease = await this.rig.connected();
    await this.rig.run(lease.dap.writeDp(DP.SELECT, 0, NEVER));
    await this.rig.run(lease.dap.readAp(MEM_AP.CSW, 1, NEVER));
    await this.rig.run(lease.dap.writeAp(MEM_AP.CSW, Uint32Array.of(csw), NEVER));
    await this.rig.run(readAt(lease, address));
    return lease;
  }

  #note(bytes: Uint8Array, transfers: number): Uint8Array {
    this.transfers += transfers;
    this.packets++;
    return bytes;
  }
}

/** What a stock client does to read memory: TAR, then DRW. */
async function readAt({ dap }: ClientLease, address: number): Promise<void> {
  await dap.writeAp(MEM_AP.TAR, Uint32Array.of(address), NEVER);
  await dap.readAp(MEM_AP.DRW, 1, NEVER);
}

async function goOn({ dap }: ClientLease): Promise<void> {
  await dap.readAp(MEM_AP.DRW, 1, NEVER);
}

describe('a change between clients', () => {
  it('costs one that is alone nothing', async () => {
    await using counting = await CountingRig.start();
    const lease = await counting.client(WORDS, RAM_BASE);
    const idle = await counting.rig.opened();

    assert.equal(await counting.cost(() => readAt(lease, RAM_BASE)), 2);
    assert.equal(await counting.cost(() => goOn(lease)), 1);
    assert.equal(await counting.cost(() => lease.dap.readDp(DP.CTRL_STAT, NEVER)), 1);
    assert.equal(idle.wireProtocol, 'SWD');
  });

  it('costs nothing between two with the same CSW, which write TAR before they count on it', async () => {
    await using counting = await CountingRig.start();
    const first = await counting.client(WORDS, RAM_BASE);
    const second = await counting.client(WORDS, RAM_BASE + 0x100);
    await counting.rig.run(readAt(first, RAM_BASE)); // this one asks once for IDR

    assert.equal(await counting.cost(() => readAt(second, RAM_BASE + 0x100)), 2);
    assert.equal(await counting.cost(() => readAt(first, RAM_BASE)), 2);
  });

  it('costs one write between words and bytes, once it is known that the AP has bytes', async () => {
    await using counting = await CountingRig.start();
    const words = await counting.client(WORDS, RAM_BASE);
    const bytes = await counting.client(BYTES, RAM_BASE + 0x101);
    await counting.rig.run(bytes.dap.readAp(MEM_AP.CSW, 1, NEVER));
    await counting.rig.run(readAt(words, RAM_BASE));

    assert.equal(await counting.cost(() => readAt(bytes, RAM_BASE + 0x101)), 3);
    assert.equal(await counting.cost(() => readAt(words, RAM_BASE)), 3);
  });

  it('costs another write where TAR is counted on, and a read where it ran into the end of a page', async () => {
    await using counting = await CountingRig.start();
    const first = await counting.client(WORDS, RAM_BASE);
    const second = await counting.client(WORDS, RAM_BASE + 0x3fc);

    assert.equal(await counting.cost(() => goOn(first)), 3); // saves TAR of the other, writes its own
    assert.equal(await counting.cost(() => goOn(second)), 2);
    assert.equal(await counting.cost(() => goOn(first)), 2);
  });

  it('costs three after a fault: flags are read and cleared, TAR is read', async () => {
    await using counting = await CountingRig.start();
    const other = await counting.client(WORDS, RAM_BASE);
    const faulty = await counting.client(WORDS, RAM_BASE + 0x100);
    await counting.rig.run(readAt(other, RAM_BASE));
    await assert.rejects(counting.rig.run(readAt(faulty, 0x30000000)));

    // And SELECT, which the driver does not count on after ABORT.
    assert.equal(await counting.cost(() => readAt(other, RAM_BASE)), 2 + 3 + 1);
    assert.equal(await counting.cost(() => readAt(other, RAM_BASE)), 2);
  });

  it('costs two packets between the two debug ports of a multi-drop line', async () => {
    await using counting = await CountingRig.start({ probe: { board: { kind: 'multidrop' } } });
    const { rig } = counting;
    const cores = [await rig.selected(0x01002927), await rig.selected(0x11002927)];
    await rig.run(cores[0].dap.readDp(DP.CTRL_STAT, NEVER));

    const before = counting.packets;
    await rig.run(cores[1].dap.readDp(DP.CTRL_STAT, NEVER));

    // Line reset with TARGETSEL, DPIDR; then the access itself.
    assert.equal(counting.packets - before, 2 + 1);
  });
});
