// What a client finds in CSW and TAR of its APs after one of several posted writes has failed: those before it were
// executed, those behind it were not. Another client's values were there in between; it must make no difference.

import assert from 'node:assert/strict';
import { TransferFaultError } from '../../src/dap/errors.js';
import { DP, MEM_AP } from '../../src/dap/registers.js';
import type { WireProtocol } from '../../src/dap/wire-protocol.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { NEVER, SessionRig } from './session-rig.js';

const AP_0 = 0;
const AP_1 = 0x01000000;
const NOWHERE = 0x90000000;
const BYTES = 0x23000050;
const HALFWORDS = 0x23000051;
const WORDS = 0x23000052;

/** Of an AP, in order. */
type Writes = readonly (readonly [ap: number, register: number, value: number])[];

const fails = (ap: number): Writes => [
  [ap, MEM_AP.TAR, NOWHERE],
  [ap, MEM_AP.DRW, 1],
];

const cases: readonly (readonly [what: string, writes: Writes])[] = [
  ['with nothing behind it', [[AP_0, MEM_AP.CSW, HALFWORDS], ...fails(AP_0)]],
  ['that the next write of TAR tells', [[AP_0, MEM_AP.CSW, HALFWORDS], ...fails(AP_0), [AP_0, MEM_AP.TAR, RAM_BASE]]],
  ['that the next write of CSW tells', [...fails(AP_0), [AP_0, MEM_AP.CSW, HALFWORDS]]],
  [
    'before writes to another AP',
    [...fails(AP_0), [AP_1, MEM_AP.CSW, HALFWORDS], [AP_1, MEM_AP.TAR, RAM_BASE + 8], [AP_1, MEM_AP.DRW, 2]],
  ],
  [
    'behind writes to another AP',
    [[AP_1, MEM_AP.CSW, HALFWORDS], [AP_1, MEM_AP.TAR, RAM_BASE + 8], ...fails(AP_0), [AP_0, MEM_AP.TAR, RAM_BASE]],
  ],
  [
    'between writes to another AP',
    [[AP_1, MEM_AP.TAR, RAM_BASE + 8], [AP_1, MEM_AP.DRW, 2], ...fails(AP_0), [AP_1, MEM_AP.TAR, RAM_BASE + 12]],
  ],
];

describe('a posted write that fails', () => {
  for (const protocol of ['SWD', 'JTAG'] as const) {
    for (const [what, writes] of cases) {
      it(`${what} (${protocol}) leaves CSW and TAR as they would be alone`, async () => {
        const alone = await leftBy(writes, protocol, false);

        assert.deepEqual(await leftBy(writes, protocol, true), alone);
      });
    }
  }
});

/** What sends posted writes on its way to the probe, and is told of the error, without being an access. */
const tellers: Readonly<Record<string, (client: ClientLease) => Promise<unknown>>> = {
  set_clock: (client) => client.setClock(1_234_000, NEVER),
  is_reset_asserted: (client) => client.readReset(NEVER),
  assert_reset: (client) => client.setReset(true, NEVER),
  reset: (client) => client.reset(NEVER),
};

describe('a posted write that fails, told by a request that is no access', () => {
  for (const [name, tell] of Object.entries(tellers)) {
    it(`(${name}) leaves CSW and TAR as they would be alone`, async () => {
      const alone = await leftBy(fails(AP_0), 'SWD', false, tell);

      assert.deepEqual(await leftBy(fails(AP_0), 'SWD', true, tell), alone);
    });
  }
});

/** CSW and TAR of both APs after the writes. */
async function leftBy(
  writes: Writes,
  protocol: WireProtocol,
  isShared: boolean,
  tell = (client: ClientLease): Promise<unknown> => client.dap.flush(NEVER),
): Promise<readonly number[]> {
  await using rig = await SessionRig.start({
    probe: { board: { kind: 'second-ap' } },
    driver: { postedWrites: true },
  });
  const client = await rig.connected(protocol);
  await setUp(rig, client, WORDS, RAM_BASE + 0x10);
  const other = isShared ? await rig.connected(protocol) : undefined;
  if (other) await setUp(rig, other, BYTES, RAM_BASE + 0x100);

  for (const [ap, register, value] of writes) {
    await client.dap.writeDp(DP.SELECT, ap, NEVER);
    // Where this client's first access to an AP reads registers for the other, that tells of the error already.
    if (await isTold(client.dap.writeAp(register, Uint32Array.of(value), NEVER))) break;
  }
  await rig.run(tell(client)).catch(() => undefined);
  if (other) await setUp(rig, other, BYTES, RAM_BASE + 0x200);
  await clear(rig, client, protocol);
  return await registers(rig, client);
}

async function isTold(access: Promise<void>): Promise<boolean> {
  try {
    await access;
    return false;
  } catch (error) {
    assert.ok(error instanceof TransferFaultError);
    return true;
  }
}

async function setUp(rig: SessionRig, client: ClientLease, csw: number, tar: number): Promise<void> {
  for (const ap of [AP_0, AP_1]) {
    await client.dap.writeDp(DP.SELECT, ap, NEVER);
    await client.dap.writeAp(MEM_AP.CSW, Uint32Array.of(csw), NEVER);
    await client.dap.writeAp(MEM_AP.TAR, Uint32Array.of(tar), NEVER);
    await rig.run(client.dap.readAp(MEM_AP.TAR, 1, NEVER));
  }
}

async function clear(rig: SessionRig, { dap }: ClientLease, protocol: WireProtocol): Promise<void> {
  if (protocol === 'SWD') await rig.run(dap.writeDp(DP.ABORT, 0x1e, NEVER));
  else await rig.run(dap.writeDp(DP.CTRL_STAT, 0x50000032, NEVER));
}

async function registers(rig: SessionRig, { dap }: ClientLease): Promise<readonly number[]> {
  const found: number[] = [];
  for (const ap of [AP_0, AP_1]) {
    await dap.writeDp(DP.SELECT, ap, NEVER);
    for (const register of [MEM_AP.CSW, MEM_AP.TAR]) found.push(...(await rig.run(dap.readAp(register, 1, NEVER))));
  }
  return found;
}
