// What one client suffers, or does to the target, and what the others notice of it.

import assert from 'node:assert/strict';
import {
  GarbledAckError,
  NoAckError,
  TransferError,
  TransferFaultError,
  TransferTimeoutError,
} from '../../src/dap/errors.js';
import { bitString } from '../../src/dap/bit-string.js';
import { ABORT, CTRL_STAT, DP, MEM_AP, POWER_REQUESTS } from '../../src/dap/registers.js';
import type { WireProtocol } from '../../src/dap/wire-protocol.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { NEVER, SessionRig } from './session-rig.js';

const WORDS = 0x23000052;
const BYTES = 0x23000050;
const NOTHING_THERE = 0x30000000;
const CORE_0 = 0x01002927;
const CORE_1 = 0x11002927;

/** A client that has left CSW and TAR as given. */
async function working(
  rig: SessionRig,
  csw: number,
  tar: number,
  protocol: WireProtocol = 'SWD',
): Promise<ClientLease> {
  const lease = await rig.connected(protocol);
  await rig.run(lease.dap.writeDp(DP.SELECT, 0, NEVER));
  await rig.run(lease.dap.readAp(MEM_AP.CSW, 1, NEVER));
  await write(rig, lease, MEM_AP.CSW, csw);
  await write(rig, lease, MEM_AP.TAR, tar);
  await read(rig, lease, MEM_AP.TAR);
  return lease;
}

async function read(rig: SessionRig, { dap }: ClientLease, register: number): Promise<number> {
  const [word] = await rig.run(dap.readAp(register, 1, NEVER));
  return word;
}

async function write(rig: SessionRig, { dap }: ClientLease, register: number, value: number): Promise<void> {
  await rig.run(dap.writeAp(register, Uint32Array.of(value), NEVER));
}

/** To another target of a multi-drop line. */
async function select(rig: SessionRig, lease: ClientLease, targetSel: number): Promise<void> {
  await rig.run(lease.swjSequence(bitString(51, -1n), NEVER));
  await rig.run(lease.swjSequence(bitString(8, 0), NEVER));
  await rig.run(lease.dap.writeDp(DP.TARGETSEL, targetSel, NEVER));
  await rig.run(lease.dap.readDp(DP.DPIDR, NEVER));
}

/** Sets ORUNDETECT: from now on the target makes a data phase behind WAIT and FAULT, which the probe does not. */
async function detectOverruns(rig: SessionRig, { dap }: ClientLease): Promise<void> {
  await rig.run(dap.writeDp(DP.CTRL_STAT, (POWER_REQUESTS | CTRL_STAT.ORUNDETECT) >>> 0, NEVER));
}

/** Two clients with the same target of a multi-drop line, for which both have asked for power. */
async function twoAtCore0(rig: SessionRig): Promise<readonly [ClientLease, ClientLease]> {
  const both = [await rig.selected(CORE_0), await rig.selected(CORE_0)] as const;
  for (const { dap } of both) await rig.run(dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
  return both;
}

async function cswAndTar(rig: SessionRig, lease: ClientLease): Promise<number[]> {
  return [await read(rig, lease, MEM_AP.CSW), await read(rig, lease, MEM_AP.TAR)];
}

describe('a reset by one of several clients', () => {
  it('leaves it CSW and TAR as it had them, where the APs are not reset', async () => {
    await using rig = await SessionRig.start();
    const first = await working(rig, WORDS, RAM_BASE);
    await working(rig, BYTES, RAM_BASE + 0x100);

    await rig.run(first.setReset(true, NEVER));

    assert.deepEqual(await cswAndTar(rig, first), [WORDS, RAM_BASE]);
  });

  it('that resets the APs too leaves the others theirs, also where they are not known', async () => {
    await using rig = await SessionRig.start({ probe: { board: { resetsAps: true } } });
    const first = await working(rig, WORDS, RAM_BASE);
    const second = await working(rig, BYTES, RAM_BASE + 0x3fe);
    await rig.run(second.dap.readAp(MEM_AP.DRW, 2, NEVER)); // past the end of the page: where TAR is, the AP knows

    await rig.run(first.reset(NEVER));

    assert.deepEqual(await cswAndTar(rig, first), [WORDS, 0]);
    assert.deepEqual(await cswAndTar(rig, second), [BYTES, RAM_BASE]);
  });

  it('that resets the APs too leaves the others theirs, also where one of them has lost the line', async () => {
    await using rig = await SessionRig.start({ probe: { board: { resetsAps: true } } });
    const first = await working(rig, WORDS, RAM_BASE);
    const second = await working(rig, BYTES, RAM_BASE + 0x100);
    rig.sim.board.faults.inject({ kind: 'no-ack' });
    await assert.rejects(read(rig, first, MEM_AP.TAR), NoAckError);

    await rig.run(second.reset(NEVER));
    await rig.run(first.swjSequence(bitString(51, (1n << 51n) - 1n), NEVER));
    await rig.run(first.swjSequence(bitString(8, 0n), NEVER));
    await rig.run(first.dap.readDp(DP.DPIDR, NEVER));

    assert.deepEqual(await cswAndTar(rig, first), [WORDS, RAM_BASE]);
    assert.deepEqual(await cswAndTar(rig, second), [WORDS, 0]);
  });

  const troubles: readonly (readonly [string, (rig: SessionRig, first: ClientLease) => Promise<void>])[] = [
    [
      'has a FAULT',
      async (rig, first) => {
        await write(rig, first, MEM_AP.TAR, NOTHING_THERE);
        await assert.rejects(read(rig, first, MEM_AP.DRW), TransferFaultError);
      },
    ],
    [
      'has lost the line',
      async (rig, first) => {
        rig.sim.board.faults.inject({ kind: 'no-ack' });
        await assert.rejects(read(rig, first, MEM_AP.TAR), NoAckError);
      },
    ],
  ];
  for (const [what, getInto] of troubles) {
    for (const isForeign of [false, true]) {
      it(`leaves the others theirs, where who makes it ${what}${isForeign ? ', and others went on' : ''}`, async () => {
        await using rig = await SessionRig.start({ probe: { board: { resetsAps: true } } });
        const [first, second] = [await working(rig, WORDS, RAM_BASE), await working(rig, BYTES, RAM_BASE + 0x3fe)];
        if (isForeign) await getInto(rig, first);
        await rig.run(second.dap.readAp(MEM_AP.DRW, 2, NEVER)); // past the end of the page: where TAR is, the AP knows
        if (!isForeign) await getInto(rig, first);

        await rig.run(first.reset(NEVER));

        assert.deepEqual(await cswAndTar(rig, second), [BYTES, RAM_BASE]);
      });
    }
  }

  it('is found out about by who made it on every target of a multi-drop line that it has used', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop', resetsAps: true } } });
    const [client, other] = [await rig.selected(CORE_0), await rig.selected(CORE_0)];
    for (const target of [CORE_1, CORE_0]) {
      await select(rig, client, target);
      await rig.run(client.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
      await write(rig, client, MEM_AP.CSW, BYTES);
      await write(rig, client, MEM_AP.TAR, RAM_BASE);
    }
    await rig.run(other.dap.readDp(DP.DPIDR, NEVER));

    await rig.run(client.setReset(true, NEVER));

    assert.deepEqual(await cswAndTar(rig, client), [WORDS, 0]);
    await select(rig, client, CORE_1);
    assert.deepEqual(await cswAndTar(rig, client), [WORDS, 0]);
  });

  it('leaves another one what it has in RDBUFF, where its TAR had to be read', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const second = await working(rig, WORDS, RAM_BASE + 0x3fc);
    await write(rig, second, MEM_AP.DRW, 0x11223344);
    await write(rig, second, MEM_AP.TAR, RAM_BASE + 0x3fc);
    await read(rig, second, MEM_AP.DRW); // past the end of the page: where TAR is, the AP knows

    await rig.run(first.setReset(true, NEVER));

    assert.equal(await rig.run(second.dap.readDp(DP.RDBUFF, NEVER)), 0x11223344);
  });

  for (const asserted of [true, false]) {
    it(`is not kept from it where what others have there cannot be saved (nRESET ${asserted ? 'low' : 'high'})`, async () => {
      await using rig = await SessionRig.start();
      const first = await rig.connected();
      if (!asserted) await rig.run(first.setReset(true, NEVER));
      const faulty = await working(rig, WORDS, NOTHING_THERE);
      await assert.rejects(read(rig, faulty, MEM_AP.DRW), TransferFaultError);
      rig.sim.board.faults.inject({ kind: 'no-ack' });

      await rig.run(first.setReset(asserted, NEVER));

      assert.equal(rig.sim.board.connector.nReset.low, asserted);
    });
  }

  it('does not keep another one from reading its sticky flags', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const faulty = await working(rig, WORDS, NOTHING_THERE);
    await rig.run(faulty.dap.writeDp(DP.SELECT, 0x01, NEVER));
    await rig.run(faulty.dap.readDp(DP.CTRL_STAT, NEVER)); // bank 1
    await rig.run(faulty.dap.writeDp(DP.SELECT, 0, NEVER));
    await assert.rejects(read(rig, faulty, MEM_AP.DRW), TransferFaultError);

    await rig.run(first.setReset(true, NEVER));

    assert.ok((await rig.run(faulty.dap.readDp(DP.CTRL_STAT, NEVER))) & CTRL_STAT.STICKYERR);
  });
});

describe('a line that breaks, or a loss of power, that one client runs into', () => {
  for (const protocol of ['SWD', 'JTAG'] as const) {
    const losses: readonly (readonly [string, (rig: SessionRig) => unknown])[] = [
      ['with an access', ({ sim }) => sim.board.faults.inject({ kind: 'power-lost' })],
      ['with an access to an AP', ({ sim }) => sim.board.faults.inject({ kind: 'power-lost', on: { port: 'AP' } })],
      ['between two packets', ({ sim }) => sim.board.powerCycle()],
    ];
    for (const [when, loses] of losses) {
      it(`is told to the others before they work with what is there now (${when}, ${protocol})`, async () => {
        await using rig = await SessionRig.start();
        const first = await working(rig, WORDS, RAM_BASE, protocol);
        const second = await working(rig, WORDS, RAM_BASE + 0x100, protocol);
        await rig.run(first.dap.readDp(DP.CTRL_STAT, NEVER));
        loses(rig);
        await assert.rejects(read(rig, first, MEM_AP.TAR), NoAckError);
        await rig.wakeUp(first, protocol);

        await assert.rejects(read(rig, second, MEM_AP.DRW), NoAckError);
        assert.equal(await read(rig, first, MEM_AP.TAR), 0);
        await rig.wakeUp(second, protocol);
        assert.equal(await read(rig, second, MEM_AP.TAR), 0);
      });
    }

    it(`is not suspected where only the wire was disturbed (${protocol})`, async () => {
      await using rig = await SessionRig.start();
      const first = await working(rig, WORDS, RAM_BASE, protocol);
      const second = await working(rig, BYTES, RAM_BASE + 0x100, protocol);
      rig.sim.board.faults.inject({ kind: 'no-ack' });
      await assert.rejects(read(rig, first, MEM_AP.DRW), NoAckError);
      await rig.wakeUp(first, protocol);

      assert.deepEqual(await cswAndTar(rig, second), [BYTES, RAM_BASE + 0x100]);
    });

    it(`is not suspected either where CTRL/STAT was not the selected bank (${protocol})`, async () => {
      await using rig = await SessionRig.start();
      const first = await working(rig, WORDS, RAM_BASE, protocol);
      const second = await working(rig, BYTES, RAM_BASE + 0x100, protocol);
      await rig.run(second.dap.writeDp(DP.SELECT, 1, NEVER));
      await rig.run(second.dap.writeDp(DP.CTRL_STAT, 0, NEVER)); // DLCR
      await rig.run(second.dap.writeDp(DP.SELECT, 0, NEVER));
      rig.sim.board.faults.inject({ kind: 'no-ack' });
      await assert.rejects(read(rig, first, MEM_AP.TAR), NoAckError); // over JTAG it was the write of SELECT

      assert.deepEqual(await cswAndTar(rig, second), [BYTES, RAM_BASE + 0x100]);
    });

    it(`leaves the line to be brought up again for one that has only clocked it since (${protocol})`, async () => {
      await using rig = await SessionRig.start();
      const first = await working(rig, WORDS, RAM_BASE, protocol);
      const second = await working(rig, BYTES, RAM_BASE + 0x100, protocol);
      rig.sim.board.faults.inject({ kind: 'no-ack' });
      await assert.rejects(read(rig, first, MEM_AP.DRW), NoAckError);

      await rig.run(second.swjSequence(bitString(8, 0), NEVER));

      assert.deepEqual(await cswAndTar(rig, second), [BYTES, RAM_BASE + 0x100]);
    });
  }
});

describe('a JTAG scan that breaks off, an access of whatever was shifted so far', () => {
  for (const postedWrites of [false, true]) {
    it(`leaves another one what it had in CSW before its own access hung (${postedWrites ? 'posted' : 'no posted'} writes)`, async () => {
      await using rig = await SessionRig.start({ driver: { postedWrites } });
      const hanging = await working(rig, WORDS, RAM_BASE, 'JTAG');
      const breaking = await working(rig, WORDS, RAM_BASE + 0x4000, 'JTAG');
      await write(rig, hanging, MEM_AP.TAR, RAM_BASE);
      const waits = rig.sim.board.faults.inject({ kind: 'wait', times: 151, on: { port: 'AP', address: 0xc } });
      await assert.rejects(read(rig, hanging, MEM_AP.DRW), TransferTimeoutError);
      waits[Symbol.dispose]();
      await write(rig, breaking, MEM_AP.TAR, RAM_BASE + 0x4000);
      await rig.run(hanging.dap.writeDp(DP.ABORT, 0x1f, NEVER));
      rig.sim.board.faults.inject({ kind: 'no-ack' });

      await assert.rejects(read(rig, breaking, MEM_AP.TAR), NoAckError);
      await rig.run(hanging.dap.writeDp(DP.CTRL_STAT, 0x50000f32, NEVER));

      assert.equal(await read(rig, hanging, MEM_AP.TAR), RAM_BASE + 4);
      assert.equal(await read(rig, hanging, MEM_AP.CSW), WORDS);
    });
  }
});

describe('an access that takes longer than the line bears with ORUNDETECT', () => {
  it('is aborted for the next client, whose line it would break as well', async () => {
    await using rig = await SessionRig.start();
    const detecting = await working(rig, WORDS, RAM_BASE);
    const other = await working(rig, WORDS, RAM_BASE + 0x100);
    await detectOverruns(rig, detecting);
    const waits = rig.sim.board.faults.inject({ kind: 'wait', times: 1000, on: { port: 'DP', address: 0xc } });
    rig.sim.onCommand(DapCommand.WriteAbort, {
      command: (command) => {
        waits[Symbol.dispose]();
        return command;
      },
    });
    // WAIT comes with a data phase that the probe does not make: the two lose each other (IHI 0031 B4.2.3).
    await assert.rejects(read(rig, detecting, MEM_AP.DRW), NoAckError);

    assert.deepEqual(await cswAndTar(rig, other), [WORDS, RAM_BASE + 0x100]);
  });
});

describe('flags of a client with ORUNDETECT, which cannot be looked at', () => {
  for (const clears of [true, false]) {
    it(`are ${clears ? 'those that it has cleared' : 'told to it as an overrun'}`, async () => {
      await using rig = await SessionRig.start();
      const detecting = await working(rig, WORDS, RAM_BASE);
      const other = await working(rig, WORDS, RAM_BASE + 0x100);
      await detectOverruns(rig, detecting);
      rig.sim.board.faults.inject({ kind: 'wait', on: { port: 'AP' } });
      await assert.rejects(read(rig, detecting, MEM_AP.TAR), NoAckError);
      for (const bits of [bitString(51, -1n), bitString(8, 0)]) await rig.run(detecting.swjSequence(bits, NEVER));
      await rig.run(detecting.dap.readDp(DP.DPIDR, NEVER));
      if (clears) await rig.run(detecting.dap.writeDp(DP.ABORT, 0x1e, NEVER));

      assert.equal(await read(rig, other, MEM_AP.TAR), RAM_BASE + 0x100);

      const control = await rig.run(detecting.dap.readDp(DP.CTRL_STAT, NEVER));
      assert.equal(control & CTRL_STAT.STICKYORUN, clears ? 0 : CTRL_STAT.STICKYORUN);
    });
  }
});

describe('a client with ORUNDETECT that leaves behind a FAULT', () => {
  for (const staysThere of [false, true]) {
    it(`leaves a line that the next one can bring up${staysThere ? ', also while it is there' : ''}`, async () => {
      await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
      const [faulty, other] = await twoAtCore0(rig);
      await write(rig, faulty, MEM_AP.TAR, NOTHING_THERE);
      await detectOverruns(rig, faulty);
      await assert.rejects(read(rig, faulty, MEM_AP.DRW), TransferFaultError);
      if (!staysThere) await rig.run(Promise.resolve(faulty[Symbol.asyncDispose]()));

      // 51 clocks, of which the target takes 33 for the data phase that the probe has not made.
      await select(rig, other, CORE_0);

      await rig.run(other.dap.writeDp(DP.ABORT, 0x1e, NEVER));
      assert.equal((await rig.run(other.dap.readDp(DP.CTRL_STAT, NEVER))) & CTRL_STAT.STICKYERR, 0);
    });
  }
});

describe('a client with ORUNDETECT that goes on behind a FAULT', () => {
  for (const kind of ['plain', 'dpv3'] as const) {
    it(`breaks the line for itself alone (${kind})`, async () => {
      await using rig = await SessionRig.start({ probe: { board: { kind } } });
      const [first, second] = [await rig.connected(), await rig.connected()];
      for (const { dap } of [first, second]) {
        await rig.run(dap.writeDp(DP.SELECT, kind === 'dpv3' ? 0x2d00 : 0, NEVER)); // the MEM-AP
      }
      await write(rig, first, MEM_AP.TAR, RAM_BASE);
      await detectOverruns(rig, second);
      await write(rig, second, MEM_AP.TAR, NOTHING_THERE);
      await assert.rejects(read(rig, second, MEM_AP.DRW), TransferError);
      await assert.rejects(read(rig, second, MEM_AP.DRW), TransferError); // has SELECT and SELECT1 written first

      assert.equal(await read(rig, first, MEM_AP.TAR), RAM_BASE);
    });
  }
});

describe('power behind a FAULT of a client with ORUNDETECT', () => {
  for (const faultyGoes of ['first', 'last']) {
    it(`goes with the last client, the one with ORUNDETECT ${faultyGoes}`, async () => {
      await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
      const [faulty, other] = await twoAtCore0(rig);
      await write(rig, faulty, MEM_AP.TAR, NOTHING_THERE);
      await detectOverruns(rig, faulty);
      await assert.rejects(read(rig, faulty, MEM_AP.DRW), TransferFaultError);

      const leaving = faultyGoes === 'first' ? [faulty, other] : [other, faulty];
      for (const each of leaving) await rig.run(Promise.resolve(each[Symbol.asyncDispose]()));

      const next = await rig.selected(CORE_0);
      assert.equal((await rig.run(next.dap.readDp(DP.CTRL_STAT, NEVER))) & POWER_REQUESTS, 0);
    });
  }
});

describe('a client with ORUNDETECT that brings up the line again', () => {
  it('can clear its flags, which nobody has looked at before it', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const [detecting] = await twoAtCore0(rig);
    await detectOverruns(rig, detecting);
    rig.sim.board.faults.inject({ kind: 'wait', times: 2, on: { port: 'AP' } });
    await assert.rejects(read(rig, detecting, MEM_AP.DRW), GarbledAckError);

    await select(rig, detecting, CORE_0);
    await rig.run(detecting.dap.writeDp(DP.ABORT, 0x1e, NEVER));

    assert.equal((await rig.run(detecting.dap.readDp(DP.CTRL_STAT, NEVER))) & CTRL_STAT.STICKYORUN, 0);
  });
});

describe('an ACK that is none', () => {
  it('is a line that has broken: for the next client it is brought up again', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const [detecting, other] = await twoAtCore0(rig);
    await write(rig, other, MEM_AP.TAR, RAM_BASE);
    await detectOverruns(rig, detecting);
    rig.sim.board.faults.inject({ kind: 'wait', times: 2, on: { port: 'AP' } });
    // The probe repeats the access while the target makes the data phase of its WAIT.
    await assert.rejects(read(rig, detecting, MEM_AP.DRW), GarbledAckError);

    assert.equal(await read(rig, other, MEM_AP.TAR), RAM_BASE);
  });
});

describe('a WAIT behind the write that sets ORUNDETECT', () => {
  for (const kind of ['plain', 'multidrop'] as const) {
    const connect = (rig: SessionRig): Promise<ClientLease> =>
      kind === 'multidrop' ? rig.selected(CORE_0) : rig.connected();
    const control = (rig: SessionRig, { dap }: ClientLease): Promise<number> =>
      rig.run(dap.readDp(DP.CTRL_STAT, NEVER));

    it(`breaks the line for that client alone, where the write is its own (${kind})`, async () => {
      await using rig = await SessionRig.start({ probe: { board: { kind } } });
      const [detecting, other] = [await connect(rig), await connect(rig)];
      await rig.run(other.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
      const waits = rig.sim.board.faults.inject({ kind: 'wait', times: 3, on: { port: 'DP', address: DP.RDBUFF } });

      await assert.rejects(detectOverruns(rig, detecting), NoAckError);
      waits[Symbol.dispose]();

      assert.ok((await control(rig, other)) & POWER_REQUESTS);
    });

    it(`breaks the line for that client alone, where its bit is put back (${kind})`, async () => {
      await using rig = await SessionRig.start({ probe: { board: { kind } } });
      const [detecting, other] = [await connect(rig), await connect(rig)];
      await detectOverruns(rig, detecting);
      await rig.run(other.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
      const waits = rig.sim.board.faults.inject({ kind: 'wait', times: 3, on: { port: 'DP', address: DP.RDBUFF } });

      await assert.rejects(read(rig, detecting, MEM_AP.TAR), NoAckError);
      waits[Symbol.dispose]();

      assert.ok((await control(rig, other)) & POWER_REQUESTS);
    });
  }
});

describe('an error while the registers of one client are put back for it', () => {
  for (const protocol of ['SWD', 'JTAG'] as const) {
    // Over JTAG the access is made, and only takes too long.
    it(`leaves both theirs (${protocol})`, async () => {
      await using rig = await SessionRig.start();
      const first = await working(rig, WORDS, RAM_BASE, protocol);
      const second = await working(rig, WORDS, RAM_BASE + 0x100, protocol);
      await read(rig, first, MEM_AP.TAR);
      const waits = rig.sim.board.faults.inject({ kind: 'wait', times: 151, on: { port: 'AP' } });

      await assert.rejects(read(rig, second, MEM_AP.TAR), TransferTimeoutError);
      waits[Symbol.dispose]();
      await rig.run(second.dap.writeDp(DP.ABORT, 0x1f, NEVER));

      assert.deepEqual(await cswAndTar(rig, first), [WORDS, RAM_BASE]);
      assert.deepEqual(await cswAndTar(rig, second), [WORDS, RAM_BASE + 0x100]);
    });
  }

  it('leaves one whose write of TAR failed what it had there, not what another one has', async () => {
    await using rig = await SessionRig.start();
    const first = await working(rig, WORDS, RAM_BASE);
    await working(rig, WORDS, RAM_BASE + 0x100);
    const waits = rig.sim.board.faults.inject({ kind: 'wait', times: 151, on: { port: 'AP' } });

    await assert.rejects(write(rig, first, MEM_AP.TAR, RAM_BASE + 0x44), TransferTimeoutError);
    waits[Symbol.dispose]();
    await rig.run(first.dap.writeDp(DP.ABORT, 0x1f, NEVER));

    assert.equal(await read(rig, first, MEM_AP.TAR), RAM_BASE);
  });

  it('leaves the line to be brought up again by whoever comes next', async () => {
    await using rig = await SessionRig.start();
    const faulty = await working(rig, WORDS, NOTHING_THERE);
    const other = await working(rig, WORDS, RAM_BASE);
    await assert.rejects(read(rig, faulty, MEM_AP.DRW), TransferFaultError);
    rig.sim.board.faults.inject({ kind: 'no-ack' });
    await assert.rejects(read(rig, other, MEM_AP.DRW), NoAckError); // it was the look at the other one's flags

    assert.ok((await rig.run(faulty.dap.readDp(DP.CTRL_STAT, NEVER))) & CTRL_STAT.STICKYERR);
  });
});

describe('a client that sets a longer turnaround, which no probe here makes', () => {
  for (const kind of ['plain', 'multidrop'] as const) {
    for (let turnround = 1; turnround <= 3; turnround++) {
      it(`loses the line by it, and nobody else does (DLCR.TURNROUND ${turnround}, ${kind})`, async () => {
        await using rig = await SessionRig.start({ probe: { board: { kind } } });
        const connect = (): Promise<ClientLease> => (kind === 'multidrop' ? rig.selected(CORE_0) : rig.connected());
        const [first, second] = [await connect(), await connect()];
        await rig.run(second.dap.writeDp(DP.SELECT, 1, NEVER)); // the bank of DLCR
        await assert.rejects(
          rig.run(second.dap.writeDp(0x4, turnround << 8, NEVER).then(() => second.dap.flush(NEVER))),
          TransferError,
        );

        assert.equal((await rig.run(first.dap.readDp(DP.DPIDR, NEVER))) & 0xfff, 0x477);
      });
    }
  }
});

describe('a client that has lost the line, and leaves', () => {
  it('leaves a line to the next ones that is up, and that they do not break', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const [stays, leaves] = [await rig.selected(CORE_1), await rig.selected(CORE_0)];
    for (const { dap } of [stays, leaves]) await rig.run(dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    rig.sim.board.faults.inject({ kind: 'no-ack', on: { port: 'AP' } });
    await assert.rejects(read(rig, leaves, MEM_AP.TAR), NoAckError);
    await rig.run(Promise.resolve(leaves[Symbol.asyncDispose]())); // its power-up requests are taken back
    const next = await rig.opened();
    await assert.rejects(read(rig, next, MEM_AP.TAR), TransferFaultError); // without power

    assert.ok((await rig.run(stays.dap.readDp(DP.CTRL_STAT, NEVER))) & POWER_REQUESTS);
  });
});

describe('a posted write that is not answered, and nRESET behind it', () => {
  const uses: readonly (readonly [string, (client: ClientLease) => Promise<void>])[] = [
    ['reset', (client) => client.reset(NEVER)],
    ['asserted', (client) => client.setReset(true, NEVER)],
    ['let go of', (client) => client.setReset(false, NEVER)],
  ];
  for (const [what, use] of uses) {
    it(`is a line that has broken: for the next client it is brought up again (${what})`, async () => {
      await using rig = await SessionRig.start({ driver: { postedWrites: true } });
      const [first, second] = [await working(rig, WORDS, RAM_BASE), await working(rig, WORDS, RAM_BASE + 0x100)];
      rig.sim.board.faults.inject({ kind: 'no-ack', on: { port: 'AP', direction: 'write' } });
      await second.dap.writeAp(MEM_AP.TAR, Uint32Array.of(RAM_BASE), NEVER); // time stands still: it waits

      await assert.rejects(rig.run(use(second)), NoAckError);

      assert.equal(await read(rig, first, MEM_AP.TAR), RAM_BASE);
    });
  }
});

describe('an ABORT that nobody has heard', () => {
  it('does not pass for a sign of life of the debug port', async () => {
    await using rig = await SessionRig.start();
    const [first, second] = [await rig.connected(), await rig.connected()];
    await rig.loseLine(second);
    await rig.run(second.dap.writeDp(DP.ABORT, ABORT.DAPABORT, NEVER));

    assert.ok((await rig.run(first.dap.readDp(DP.CTRL_STAT, NEVER))) & POWER_REQUESTS);
  });

  it('does not pass for one that has cleared the sticky flags', async () => {
    await using rig = await SessionRig.start();
    const [first, second] = [await working(rig, WORDS, RAM_BASE), await working(rig, WORDS, NOTHING_THERE)];
    await assert.rejects(read(rig, second, MEM_AP.DRW), TransferFaultError);
    await rig.loseLine(second);
    await rig.run(second.dap.writeDp(DP.ABORT, 0x1f, NEVER));

    assert.equal(await read(rig, first, MEM_AP.TAR), RAM_BASE);
  });
});

describe('RESEND behind RDBUFF, with a read of another client before them', () => {
  it('gives what RDBUFF gave', async () => {
    await using rig = await SessionRig.start();
    const first = await working(rig, WORDS, RAM_BASE);
    const second = await working(rig, WORDS, RAM_BASE + 0x100);
    await read(rig, first, MEM_AP.TAR);
    await read(rig, second, MEM_AP.CSW);

    assert.equal(await rig.run(first.dap.readDp(DP.RDBUFF, NEVER)), RAM_BASE);
    assert.equal(await rig.run(first.dap.readDp(DP.RESEND, NEVER)), RAM_BASE);
  });

  it('is as it was behind an ABORT with DAPABORT of a third one, behind which no probe reads', async () => {
    await using rig = await SessionRig.start();
    const [first, second, third] = [await rig.connected(), await rig.connected(), await rig.connected()];
    await write(rig, first, MEM_AP.TAR, RAM_BASE);
    await read(rig, first, MEM_AP.TAR);
    await rig.run(first.dap.readDp(DP.RDBUFF, NEVER));

    await rig.run(second.dap.readDp(DP.CTRL_STAT, NEVER));
    await rig.run(third.dap.writeDp(DP.ABORT, ABORT.DAPABORT, NEVER));

    assert.equal(await rig.run(first.dap.readDp(DP.RESEND, NEVER)), RAM_BASE);
  });
});

describe('a client that is asleep with the lock, while another one waits', () => {
  it('is waited for as long as it may be silent, and finds its DAP as it left it when it is back', async () => {
    await using rig = await SessionRig.start();
    const sleeper = await working(rig, WORDS, RAM_BASE + 0x3fc);
    const other = await working(rig, BYTES, RAM_BASE + 0x800);
    await rig.run(sleeper.lock(NEVER));
    await write(rig, sleeper, MEM_AP.DRW, 0x11223344);
    await rig.run(sleeper.dap.writeDp(DP.SELECT, 0x10, NEVER));
    let isServed = false;
    const waiting = other.dap.readAp(MEM_AP.DRW, 1, NEVER).then(() => (isServed = true));

    await rig.clock.advance(1990);
    assert.equal(isServed, false);
    await rig.clock.advance(20);
    assert.equal(isServed, true);
    await waiting;
    await rig.run(other.dap.writeDp(DP.CTRL_STAT, 0, NEVER));
    await write(rig, other, MEM_AP.TAR, NOTHING_THERE);
    await assert.rejects(read(rig, other, MEM_AP.DRW), TransferFaultError);

    // Its SELECT: bank 1, where TAR leads. The page has ended there, and TAR begins it again.
    await write(rig, sleeper, MEM_AP.BD0 + 4, 0x55667788);
    assert.equal((await rig.run(sleeper.dap.readDp(DP.CTRL_STAT, NEVER))) & CTRL_STAT.STICKYERR, 0);
    await rig.run(sleeper.dap.writeDp(DP.SELECT, 0, NEVER));
    assert.deepEqual(await cswAndTar(rig, sleeper), [WORDS, RAM_BASE]);
    await write(rig, sleeper, MEM_AP.TAR, RAM_BASE + 4);
    assert.equal(await read(rig, sleeper, MEM_AP.DRW), 0x55667788);
    assert.equal(rig.session.turns.holder, sleeper);
    sleeper.unlock();
    assert.equal(rig.session.turns.holder, undefined);
  });
});

describe('a client that selects no target, on a line where others do', () => {
  it('is refused: a line reset alone selects them all, and its writes would go to those of the others', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const [first] = await twoAtCore0(rig);
    await write(rig, first, MEM_AP.TAR, RAM_BASE);
    const last = await rig.opened();

    await rig.run(last.swjSequence(bitString(51, -1n), NEVER));
    await rig.run(last.swjSequence(bitString(8, 0), NEVER));
    await assert.rejects(
      rig.run(last.dap.readDp(DP.DPIDR, NEVER)),
      /^RequestError: other clients, user:ada .* and 1 more, have selected targets of this line by TARGETSEL: /,
    );

    await select(rig, last, CORE_1);
    assert.equal(await read(rig, first, MEM_AP.TAR), RAM_BASE);
  });

  it('is not answered where it would not be alone: behind a line reset, DPIDR has to come first', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const [first] = await twoAtCore0(rig);
    const last = await rig.selected(CORE_1);
    await rig.loseLine(first);

    await rig.run(last.swjSequence(bitString(51, -1n), NEVER));
    await rig.run(last.swjSequence(bitString(8, 0), NEVER));

    await assert.rejects(rig.run(last.dap.readDp(DP.CTRL_STAT, NEVER)), NoAckError);
  });

  it('keeps those out that do select one, if it has come first', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const first = await rig.selected(CORE_1);
    await rig.run(first.swjSequence(bitString(51, -1n), NEVER));
    await rig.run(first.swjSequence(bitString(8, 0), NEVER));
    await rig.run(first.dap.readDp(DP.DPIDR, NEVER));

    await assert.rejects(
      rig.selected(CORE_0),
      /^RequestError: other clients, user:ada .*, use this line without TARGETSEL: /,
    );

    await rig.run(Promise.resolve(first[Symbol.asyncDispose]()));
    await rig.selected(CORE_0);
  });
});
