// Clients that share a probe: clock, nRESET, SWO, sequences, power, who is told of what, and fairness.

import assert from 'node:assert/strict';
import { RequestError } from '../../src/base/errors.js';
import { bitString } from '../../src/dap/bit-string.js';
import { NoAckError } from '../../src/dap/errors.js';
import { CTRL_STAT, DP, MEM_AP } from '../../src/dap/registers.js';
import { ProbeError } from '../../src/probe/errors.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { ALERT, NEVER, SessionRig } from './session-rig.js';

const LINE_RESET = bitString(51, -1n);
const POWER_REQUESTS = (CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ) >>> 0;

async function writeMemory(rig: SessionRig, { dap }: ClientLease, address: number, value: number): Promise<void> {
  await rig.run(dap.writeDp(DP.SELECT, 0, NEVER));
  await rig.run(dap.writeAp(MEM_AP.CSW, Uint32Array.of(0x23000012), NEVER));
  await rig.run(dap.writeAp(MEM_AP.TAR, Uint32Array.of(address), NEVER));
  await rig.run(dap.writeAp(MEM_AP.DRW, Uint32Array.of(value), NEVER));
}

describe('the clock of a shared probe', () => {
  it('is the slowest that anyone has asked for, and only of those who are there', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const second = await rig.connected();
    const clocks: number[] = [];
    const ask = async (lease: ClientLease, frequencyHz: number): Promise<void> => {
      await rig.run(lease.setClock(frequencyHz, NEVER));
      clocks.push(rig.sim.clockHz);
    };

    await ask(first, 4_000_000);
    await ask(second, 10_000_000);
    await ask(second, 1_000_000);
    await ask(first, 8_000_000);
    await rig.run(Promise.resolve(second[Symbol.asyncDispose]()));

    assert.deepEqual(clocks, [4_000_000, 4_000_000, 1_000_000, 1_000_000]);
    assert.equal(rig.sim.clockHz, 8_000_000);
  });

  it('is as it was at first when those that have asked for another have left, and others have not asked', async () => {
    await using rig = await SessionRig.start();
    const silent = await rig.connected();
    const atFirstHz = rig.sim.clockHz;
    const slow = await rig.opened();
    await rig.run(slow.setClock(100_000, NEVER));
    assert.equal(rig.sim.clockHz, 100_000);

    await rig.run(slow.close(NEVER));

    assert.equal(rig.sim.clockHz, atFirstHz);
    await rig.run(silent.setClock(2_000_000, NEVER));
    assert.equal(rig.sim.clockHz, 2_000_000);
  });

  it('is not bound to what somebody has asked for in vain', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const second = await rig.connected();
    const refusing = rig.sim.onCommand(DapCommand.SwjClock, { answer: () => Uint8Array.of(DapCommand.SwjClock, 0xff) });
    await assert.rejects(rig.run(second.setClock(100_000, NEVER)));
    refusing[Symbol.dispose]();

    await rig.run(first.setClock(2_000_000, NEVER));

    assert.equal(rig.sim.clockHz, 2_000_000);
  });

  it('is made too slow for others by nobody, and each loses nothing by asking', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const second = await rig.connected();
    await rig.run(second.setClock(2_000_000, NEVER));

    await assert.rejects(
      rig.run(second.setClock(9999, NEVER)),
      /^RequestError: 9999 Hz is too slow .*10000 Hz or more/,
    );

    assert.equal(rig.sim.clockHz, 2_000_000);
    await rig.run(first.close(NEVER));
    await rig.run(second.setClock(1, NEVER));
    assert.equal(rig.sim.clockHz, 1);
  });

  it('keeps others out while it is that slow, until its client leaves or asks for more', async () => {
    await using rig = await SessionRig.start();
    const slow = await rig.connected();
    await rig.run(slow.setClock(1000, NEVER));

    await assert.rejects(
      rig.opened(),
      /^NotAdmittedError: probe .* runs at 1000 Hz for .*: wait until that client leaves/,
    );

    assert.equal(rig.sim.clockHz, 1000);
    await rig.run(slow.setClock(10_000, NEVER));
    const other = await rig.opened();
    await rig.run(other.close(NEVER));
    await rig.run(slow.setClock(1000, NEVER));
    await rig.run(slow.close(NEVER));
    await rig.opened();
  });

  it('is as slow for all as a limit in the config says', async () => {
    await using rig = await SessionRig.start({ session: { clockLimitHz: 1000 } });
    const first = await rig.connected();

    await rig.run(first.setClock(1000, NEVER));
    const second = await rig.connected();

    await assert.rejects(rig.run(second.setClock(999, NEVER)), /1000 Hz or more/);
    assert.equal(rig.sim.clockHz, 1000);
  });

  it('is not made faster by a limit', async () => {
    await using rig = await SessionRig.start({ session: { clockLimitHz: 10_000_000 } });
    await rig.connected();

    assert.equal(rig.sim.clockHz, 1_000_000); // the driver's own
  });

  it('has a limit from the first moment on, where the config sets one', async () => {
    await using rig = await SessionRig.start({ session: { clockLimitHz: 500_000 } });
    const lease = await rig.connected();
    assert.equal(rig.sim.clockHz, 500_000);

    await rig.run(lease.setClock(4_000_000, NEVER));

    assert.equal(rig.sim.clockHz, 500_000);
  });
});

describe('nRESET of a shared probe', () => {
  it('stays low while another client holds it', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const second = await rig.connected();
    await rig.run(first.setReset(true, NEVER));

    await rig.run(second.setReset(true, NEVER));
    await rig.run(second.setReset(false, NEVER));
    assert.equal(await rig.run(second.readReset(NEVER)), true);
    await rig.run(first.setReset(false, NEVER));

    assert.equal(await rig.run(second.readReset(NEVER)), false);
  });
});

describe('SWO of a shared probe', () => {
  it('belongs to who started it', async () => {
    await using rig = await SessionRig.start();
    const owner = await rig.connected();
    const other = await rig.opened();
    await rig.run(owner.swoStart(115200, NEVER));

    await assert.rejects(rig.run(other.swoStart(9600, NEVER)), (error) => {
      assert.ok(error instanceof ProbeError);
      assert.equal(error.message, 'SWO is captured by user:ada (127.0.0.1:1): wait until that one stops it or leaves');
      return true;
    });
    await rig.run(other.swoStop(NEVER));
    rig.sim.injectSwo(Buffer.from('hello'));
    await rig.clock.advance(100);
    assert.deepEqual(await rig.run(other.swoRead(NEVER)), new Uint8Array());
    assert.equal(Buffer.from(await rig.run(owner.swoRead(NEVER))).toString(), 'hello');

    await rig.run(Promise.resolve(owner[Symbol.asyncDispose]()));
    await rig.run(other.swoStart(9600, NEVER));
  });

  for (const [how, leave] of [
    ['closes', (lease) => lease.close(NEVER)],
    ['vanishes', async (lease) => lease[Symbol.asyncDispose]()],
  ] satisfies [string, (lease: ClientLease) => Promise<void>][]) {
    it(`is switched off when its client ${how}, and others stay`, async () => {
      await using rig = await SessionRig.start();
      const owner = await rig.connected();
      await rig.opened();
      await rig.run(owner.swoStart(115200, NEVER));
      const controls: number[] = [];
      rig.sim.onCommand(DapCommand.SwoControl, { command: (bytes) => (controls.push(bytes[1]), bytes) });

      await rig.run(leave(owner));

      assert.deepEqual(controls, [0]); // CMSIS-DAP, DAP_SWO_Control: stop
    });
  }

  it('does not keep nRESET low where it cannot be stopped when its client leaves', async () => {
    await using rig = await SessionRig.start();
    const owner = await rig.connected();
    const other = await rig.opened();
    await rig.run(owner.swoStart(115200, NEVER));
    await rig.run(owner.setReset(true, NEVER));
    rig.sim.onCommand(DapCommand.SwoControl, { answer: () => Uint8Array.of(DapCommand.SwoControl, 0xff) });

    await rig.run(Promise.resolve(owner[Symbol.asyncDispose]()));

    assert.equal(await rig.run(other.readReset(NEVER)), false);
  });
});

describe('a sequence while others are connected', () => {
  it('that brings up the line does not reach the target', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    let sequences = 0;
    const count = (bytes: Uint8Array): Uint8Array => (sequences++, bytes);
    rig.sim.onCommand(DapCommand.SwjSequence, { command: count });

    const second = await rig.connected();

    assert.equal(sequences, 0);
    assert.equal(await rig.run(second.dap.readDp(DP.DPIDR, NEVER)), await rig.run(first.dap.readDp(DP.DPIDR, NEVER)));
  });

  it('of another kind is refused, and changes nothing', async () => {
    await using rig = await SessionRig.start();
    for (let i = 0; i < 2; i++) await rig.connected();
    const second = await rig.connected();

    await assert.rejects(rig.run(second.swjSequence(bitString(8, 0xa5), NEVER)), RequestError);
    await assert.rejects(
      rig.run(second.swdSequence([{ direction: 'input', lengthBits: 8 }], NEVER)),
      /^RequestError: other clients are connected, user:ada \(127\.0\.0\.1:1\) and 1 more: until they leave, only /,
    );

    assert.equal(await rig.run(second.dap.readDp(DP.DPIDR, NEVER)), 0x0bc11477);
  });

  it('is sent after all when the target turns out to have lost the line', async () => {
    await using rig = await SessionRig.start();
    await rig.connected();
    rig.sim.board.powerCycle(); // it listens to JTAG now
    const second = await rig.opened();

    // A stock client tries several times.
    await assert.rejects(bringUp(rig, second));
    await bringUp(rig, second);

    assert.equal(await rig.run(second.dap.readDp(DP.DPIDR, NEVER)), 0x0bc11477);
  });

  it('that leaves the target asleep does not reach it, also where its client has lost the line', async () => {
    await using rig = await SessionRig.start();
    const [first, second] = [await rig.connected(), await rig.connected()];
    await rig.loseLine(second);

    await rig.run(second.swjSequence(LINE_RESET, NEVER));
    await rig.run(second.swjSequence(bitString(16, 0xe3bc), NEVER)); // SWD to dormant: IHI 0031 B5.3.2
    await assert.rejects(rig.run(second.dap.readDp(DP.DPIDR, NEVER)), NoAckError);

    assert.equal(await rig.run(first.dap.readDp(DP.DPIDR, NEVER)), 0x0bc11477);
  });

  it('that may leave the target in another protocol does not reach it, also where its client has lost the line', async () => {
    await using rig = await SessionRig.start();
    const [first, second] = [await rig.connected(), await rig.connected()];
    await rig.loseLine(second);

    // To JTAG, and the selection alert, which nobody hears who is awake.
    for (const sequence of [LINE_RESET, bitString(16, 0xe73c), LINE_RESET, bitString(136, ALERT)])
      await rig.run(second.swjSequence(sequence, NEVER));
    await assert.rejects(rig.run(second.swjSequence(bitString(12, 0x1a0), NEVER)), RequestError);
    await rig.run(second.swjSequence(LINE_RESET, NEVER));
    await assert.rejects(rig.run(second.dap.readDp(DP.DPIDR, NEVER)), NoAckError);

    assert.equal(await rig.run(first.dap.readDp(DP.DPIDR, NEVER)), 0x0bc11477);
  });

  it('that would change the protocol of a target that may be awake is refused', async () => {
    await using rig = await SessionRig.start();
    const [first, second] = [await rig.connected(), await rig.connected()];
    await rig.loseLine(second);

    for (const sequence of [bitString(136, ALERT), LINE_RESET]) await rig.run(second.swjSequence(sequence, NEVER));
    await assert.rejects(rig.run(second.swjSequence(bitString(16, 0xe73c), NEVER)), RequestError);
    for (const sequence of [bitString(136, ALERT), bitString(12, 0x1a0), LINE_RESET, bitString(8, 0)])
      await rig.run(second.swjSequence(sequence, NEVER));

    assert.equal(await rig.run(second.dap.readDp(DP.DPIDR, NEVER)), 0x0bc11477);
    assert.equal(await rig.run(first.dap.readDp(DP.DPIDR, NEVER)), 0x0bc11477);
  });
});

describe('a sequence of a client behind which another one has left', () => {
  it('leaves it CTRL/STAT as it had it', async () => {
    await using rig = await SessionRig.start();
    const client = await rig.connected();
    const control = (POWER_REQUESTS | 0xf00) >>> 0; // MASKLANE
    await rig.run(client.dap.writeDp(DP.CTRL_STAT, control, NEVER));
    const gone = await rig.connected();
    await rig.run(gone.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    await rig.run(Promise.resolve(gone[Symbol.asyncDispose]()));

    await rig.run(client.swjSequence(bitString(8, 0), NEVER));

    assert.equal((await rig.run(client.dap.readDp(DP.CTRL_STAT, NEVER))) & 0xf00, 0xf00);
  });
});

describe('a line reset on a multi-drop line', () => {
  it('takes every debug port to bank 0, where DPIDR has to be read next (IHI 0074 B4.3.3)', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const client = await rig.selected(0x01002927);
    await rig.run(client.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    await rig.run(client.dap.writeDp(DP.SELECT, 1, NEVER));

    for (const bits of [bitString(51, -1n), bitString(8, 0)]) await rig.run(client.swjSequence(bits, NEVER));
    await rig.run(client.dap.writeDp(DP.TARGETSEL, 0x01002927, NEVER));
    await rig.run(client.dap.readDp(DP.DPIDR, NEVER));

    const register4 = await rig.run(client.dap.readDp(4, NEVER)); // in bank 1 it is DLCR
    assert.equal(register4 & CTRL_STAT.CDBGPWRUPREQ, CTRL_STAT.CDBGPWRUPREQ);
  });
});

describe('a sequence of a client that others have left alone', () => {
  it('reaches the debug port that it has selected, where another one was worked with last', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'multidrop' } } });
    const gone = await rig.selected(0x01002927);
    await rig.run(gone.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    const client = await rig.selected(0x11002927);
    await rig.run(client.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    await rig.run(Promise.resolve(gone[Symbol.asyncDispose]())); // takes back its power-up requests

    await rig.run(client.swjSequence(bitString(8, 0), NEVER));

    assert.equal(
      (await rig.run(client.dap.readDp(DP.CTRL_STAT, NEVER))) & CTRL_STAT.CDBGPWRUPREQ,
      CTRL_STAT.CDBGPWRUPREQ,
    );
  });
});

async function bringUp(rig: SessionRig, lease: ClientLease): Promise<void> {
  for (const [clocks, bits] of [
    [51, -1],
    [16, 0xe79e],
    [51, -1],
    [8, 0],
  ] as const) {
    await rig.run(lease.swjSequence(bitString(clocks, bits), NEVER));
  }
  await rig.run(lease.dap.readDp(DP.DPIDR, NEVER));
}

describe('power of a shared target', () => {
  const departures = {
    dies: async (lease) => lease[Symbol.asyncDispose](),
    closes: (lease) => lease.close(NEVER),
    disconnects: (lease) => lease.disconnect(NEVER),
  } satisfies Record<string, (lease: ClientLease) => Promise<void>>;
  for (const [departs, depart] of Object.entries(departures)) {
    it(`is there as long as anyone asks for it, and goes with the last that ${departs}`, async () => {
      await using rig = await SessionRig.start();
      const written: number[] = [];
      const first = await rig.connected();
      const second = await rig.connected();
      rig.sim.onCommand(DapCommand.Transfer, {
        command: (bytes) => {
          if ((bytes[3] & 0x0f) === DP.CTRL_STAT)
            written.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true));
          return bytes;
        },
      });

      await rig.run(first.dap.writeDp(DP.CTRL_STAT, 0, NEVER));
      assert.equal(await rig.run(first.dap.readDp(DP.CTRL_STAT, NEVER)), 0);
      assert.equal((await rig.run(second.dap.readDp(DP.CTRL_STAT, NEVER))) >>> 28, 0xf);
      await rig.run(depart(second));

      assert.deepEqual(written, [POWER_REQUESTS, 0]);
      assert.equal(rig.session.protocol, 'SWD'); // the other one is there
      await rig.run(Promise.resolve(first[Symbol.asyncDispose]()));
    });
  }

  it('goes with a client that dies', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    await rig.run(Promise.resolve(lease[Symbol.asyncDispose]()));

    const next = await rig.opened();
    await rig.run(next.connect('SWD', NEVER));
    await bringUp(rig, next);

    assert.equal(await rig.run(next.dap.readDp(DP.CTRL_STAT, NEVER)), 0);
  });
});

describe('who resets or halts a target', () => {
  it('is told, while others have the probe open', async () => {
    const told: string[] = [];
    const events = {
      targetReset: ({ id }: { id: number }) => told.push(`reset by ${id}`),
      targetHalted: ({ id }: { id: number }) => told.push(`halted by ${id}`),
    };
    await using rig = await SessionRig.start({ session: { events } });
    const first = await rig.connected();
    rig.lease(); // has not opened the probe
    await writeMemory(rig, first, 0xe000edf0, 0xa05f0003); // alone: nobody to tell
    assert.deepEqual(told, []);
    const second = await rig.opened();

    await writeMemory(rig, first, 0xe000edf0, 0xa05f0003);
    await writeMemory(rig, first, 0xe000edf0, 0xa05f0003); // steps are many
    await writeMemory(rig, first, 0xe000ed0c, 0x05fa0004);
    await rig.run(second.reset(NEVER));
    await rig.clock.advance(10_000);
    await writeMemory(rig, first, 0xe000edf0, 0xa05f0003);

    assert.deepEqual(told, ['halted by 1', 'reset by 1', 'reset by 3', 'halted by 1']);
  });
});

describe('16 clients that never lock, each in a closed loop', () => {
  it('get equal shares: Jain 0.99 at least', async () => {
    await using rig = await SessionRig.start();
    const clients = [await rig.connected()];
    while (clients.length < 16) clients.push(await rig.connected());
    const served = clients.map(() => 0);
    let left = 4000;
    const poll = async (client: number): Promise<void> => {
      const { signal } = new AbortController();
      while (left-- > 0) {
        // Some ask for much at a time, some for little.
        if (client % 4 === 0) await clients[client].dap.readAp(MEM_AP.IDR, 100, signal);
        else await clients[client].dap.readDp(DP.CTRL_STAT, signal);
        served[client]++;
      }
    };

    await rig.run(Promise.all(clients.map((_, client) => poll(client))));

    const sum = served.reduce((a, b) => a + b);
    const squares = served.reduce((a, b) => a + b * b, 0);
    assert.ok((sum * sum) / (16 * squares) >= 0.99, served.join(' '));
  });
});
