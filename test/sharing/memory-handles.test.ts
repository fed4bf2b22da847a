import assert from 'node:assert/strict';
import { DP, MEM_AP, POWER_REQUESTS } from '../../src/dap/registers.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { NEVER, SessionRig, wakingUp } from './session-rig.js';

const CORE_0 = 0x01002927;
const CORE_1 = 0x11002927;
const WORDS = 0x23000052;

describe('a memory handle that is used for two targets of a line', () => {
  it('counts at each on what it has left there', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const [other, lease] = [await atCore1(rig), await atCore1(rig)];
    await rig.run(other.dap.writeAp(MEM_AP.CSW, Uint32Array.of(WORDS), NEVER));
    const memory = lease.memory((await rig.run(lease.memoryHandle(1, 0, NEVER))) ?? assert.fail());
    await rig.run(memory.write(RAM_BASE, 0x55, 8, NEVER)); // leaves the AP of core 1 set for bytes

    for (const request of wakingUp(CORE_0)) await rig.run(request(lease));
    await rig.run(lease.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    await rig.run(memory.read(RAM_BASE, 32, NEVER));

    assert.deepEqual([...(await rig.run(other.dap.readAp(MEM_AP.CSW, 1, NEVER)))], [WORDS]);
  });
});

/** A client that has powered up what it has selected. */
async function atCore1(rig: SessionRig): Promise<ClientLease> {
  const lease = await rig.selected(CORE_1);
  await rig.run(lease.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
  return lease;
}
