// Bits that a target ignores: two clients that differ in them work with the same registers, and are kept apart all the same.

import assert from 'node:assert/strict';
import { RequestError } from '../../src/base/errors.js';
import { DP, MEM_AP } from '../../src/dap/registers.js';
import { targetSelPieces } from '../../src/probe/target-sel.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { NEVER, SessionRig } from './session-rig.js';

const WORDS = 0x23000052;
const BYTES = 0x23000050;
const MEM_AP_V2 = 0x2d00;
const CORE_0 = 0x01002927;

async function select(rig: SessionRig, { dap }: ClientLease, value: number, value1?: number): Promise<void> {
  if (value1 !== undefined) {
    await rig.run(dap.writeDp(DP.SELECT, 5, NEVER));
    await rig.run(dap.writeDp(DP.SELECT1 & 0xc, value1, NEVER));
  }
  await rig.run(dap.writeDp(DP.SELECT, value, NEVER));
}

async function read(rig: SessionRig, { dap }: ClientLease, register: number): Promise<number> {
  const [word] = await rig.run(dap.readAp(register, 1, NEVER));
  return word;
}

async function write(rig: SessionRig, { dap }: ClientLease, register: number, value: number): Promise<void> {
  await rig.run(dap.writeAp(register, Uint32Array.of(value), NEVER));
}

/** Has one client leave words and an address in an AP, another one bytes and another address: what does the first find? */
async function meet(rig: SessionRig, first: ClientLease, second: ClientLease): Promise<void> {
  await write(rig, first, MEM_AP.CSW, WORDS);
  await write(rig, first, MEM_AP.TAR, RAM_BASE + 0x100);
  await write(rig, second, MEM_AP.CSW, BYTES);
  await write(rig, second, MEM_AP.TAR, RAM_BASE + 0x203);

  assert.equal(await read(rig, first, MEM_AP.TAR), RAM_BASE + 0x100);
  assert.equal(await read(rig, first, MEM_AP.CSW), WORDS);
  assert.equal(await read(rig, second, MEM_AP.TAR), RAM_BASE + 0x203);
  assert.equal(await read(rig, second, MEM_AP.CSW), BYTES);
}

describe('clients whose SELECT differs in bits that the debug port ignores', () => {
  for (const protocol of ['SWD', 'JTAG'] as const) {
    it(`are kept apart: bits 23:8 of ADIv5, over ${protocol}`, async () => {
      await using rig = await SessionRig.start();
      const [first, second] = [await rig.connected(protocol), await rig.connected(protocol)];
      await select(rig, first, 0);
      await select(rig, second, 0x00abcd00);

      await meet(rig, first, second);
    });
  }

  it('are kept apart: SELECT1 of a debug port that has none', async () => {
    await using rig = await SessionRig.start();
    const [first, second] = [await rig.connected(), await rig.connected()];
    await select(rig, first, 0);
    await select(rig, second, 0, 1);

    await meet(rig, first, second);
  });

  it('are kept apart: bits of SELECT1 above the size of addresses of ADIv6', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'dpv3' } } });
    const [first, second] = [await rig.connected(), await rig.connected()];
    await select(rig, first, MEM_AP_V2, 0);
    await select(rig, second, MEM_AP_V2, 0xffffff00);

    await meet(rig, first, second);
  });

  it('are kept apart where nobody has read DPIDR', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected('JTAG');
    await rig.run(first.close(NEVER)); // with the last one what is known of the target goes, and the TAP is left as it is
    const leases = [await rig.opened(), await rig.opened()];
    for (const lease of leases) await rig.run(lease.connect('JTAG', NEVER));
    for (const lease of leases) await rig.run(lease.dap.writeDp(DP.CTRL_STAT, 0x50000000, NEVER));
    await select(rig, leases[1], 0x100);

    await meet(rig, leases[0], leases[1]);
  });

  it('are kept apart with a memory handle that is asked for by the wrong version, or a crooked address', async () => {
    for (const [kind, ap, address] of [
      ['plain', 0, 0x2000],
      ['dpv3', MEM_AP_V2, 0x2004],
      ['dpv3', MEM_AP_V2, 2 ** 52 + 0x2000],
    ] as const) {
      await using rig = await SessionRig.start({ probe: { board: { kind } } });
      const [first, second] = [await rig.connected(), await rig.connected()];
      await select(rig, first, ap);
      await write(rig, first, MEM_AP.CSW, WORDS);
      await write(rig, first, MEM_AP.TAR, RAM_BASE + 0x100);

      const handle = (await rig.run(second.memoryHandle(2, address, NEVER))) ?? assert.fail(`${kind}: no handle`);
      await rig.run(second.memory(handle).write(RAM_BASE + 0x203, 0x55, 8, NEVER));

      assert.equal(await read(rig, first, MEM_AP.TAR), RAM_BASE + 0x100, kind);
      assert.equal(await read(rig, first, MEM_AP.CSW), WORDS, kind);
    }
  });
});

describe('clients of a DPv3', () => {
  it('with addresses that differ in bits that count are at different places', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'dpv3' } } });
    const lease = await rig.connected();
    await select(rig, lease, MEM_AP_V2);
    await write(rig, lease, MEM_AP.TAR, RAM_BASE);

    await select(rig, lease, MEM_AP_V2, 1);

    assert.equal(await read(rig, lease, MEM_AP.TAR), 0, 'nothing is up there');
  });
});

describe('a target that another DPIDR shows to be another one', () => {
  it('has nothing of what clients have left in the APs of the one before', async () => {
    await using rig = await SessionRig.start();
    const [first, second] = [await rig.connected(), await rig.connected()];
    await write(rig, first, MEM_AP.CSW, BYTES);
    await write(rig, second, MEM_AP.CSW, WORDS);
    rig.sim.interceptNext(DapCommand.Transfer, {
      answer: (answer) => {
        answer[6] ^= 0x10; // REVISION, in DPIDR
        return answer;
      },
    });

    await rig.run(second.dap.readDp(DP.DPIDR, NEVER));

    assert.equal(await read(rig, first, MEM_AP.CSW), WORDS, 'as it is on the wire');
  });
});

describe('clients whose TARGETSEL differs in bit 0, which should be one', () => {
  it('are kept apart', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const [first, second] = [await rig.selected(CORE_0), await rig.selected((CORE_0 & ~1) >>> 0)];
    for (const { dap } of [first, second]) await rig.run(dap.writeDp(DP.CTRL_STAT, 0x50000000, NEVER));

    await meet(rig, first, second);
  });
});

describe('a TARGETSEL with the wrong parity', () => {
  it('selects nothing, and is refused while others are connected', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    await rig.selected(CORE_0);
    const [header, ack, data] = targetSelPieces(CORE_0);
    assert.ok(data.direction === 'output');
    const { lengthBits, bits } = data.sequence;
    const wrong = { ...data, sequence: { lengthBits, bits: bits ^ (1n << 32n) } };
    const second = await rig.opened();

    await assert.rejects(rig.run(second.swdSequence([header, ack, wrong], NEVER)), RequestError);
  });
});
