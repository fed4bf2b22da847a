// Clients that share a probe, through the real driver, over a simulated one.

import assert from 'node:assert/strict';
import { RequestError, UnsupportedError } from '../../src/base/errors.js';
import { type Logger, silentLogger } from '../../src/base/logger.js';
import { bitString } from '../../src/dap/bit-string.js';
import { TransferFaultError } from '../../src/dap/errors.js';
import { CTRL_STAT, DP, MEM_AP, POWER_REQUESTS } from '../../src/dap/registers.js';
import { UsbError } from '../../src/usb/usb-error.js';
import { ProbeAccessError, ProbeBusyError, ProbeDisconnectedError, ProbeError } from '../../src/probe/errors.js';
import type { ClientLease, ClientName } from '../../src/sharing/client-lease.js';
import type { MemoryPort } from '../../src/sharing/memory-port.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { InfoId } from '../../src/sim/firmware/info.js';
import { NEVER, SessionRig } from './session-rig.js';

/** docs/simulated-board.md. */
const DPIDR = 0x0bc11477;

/** Counts the commands a probe receives. */
function count(rig: SessionRig, command: number): () => number {
  let received = 0;
  rig.sim.onCommand(command, {
    command: (bytes) => {
      received++;
      return bytes;
    },
  });
  return () => received;
}

describe('opening a probe', () => {
  it('claims it for the first client, and frees it after the last', async () => {
    await using rig = await SessionRig.start();
    assert.equal(await rig.isFree(), true);

    const first = await rig.opened();
    const second = await rig.opened();
    await rig.run(first.close(NEVER));
    assert.equal(await rig.isFree(), false);
    await rig.run(second.close(NEVER));

    assert.equal(await rig.isFree(), true);
  });

  it('counts for each client', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.opened();
    await rig.run(lease.open(NEVER));

    await rig.run(lease.close(NEVER));
    assert.equal(await rig.isFree(), false);
    await rig.run(lease.close(NEVER));

    assert.equal(await rig.isFree(), true);
  });

  it('is taken back by no client but the one that did it', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    const other = rig.lease();

    await rig.run(other.close(NEVER));
    await rig.run(other.disconnect(NEVER));
    other.unlock();

    assert.equal(await rig.run(lease.dap.readDp(DP.DPIDR, NEVER)), DPIDR);
  });

  it('is needed before anything else', async () => {
    await using rig = await SessionRig.start();
    const other = await rig.connected();
    const lease = rig.lease();

    await assert.rejects(lease.dap.readDp(DP.DPIDR, NEVER), ProbeError);
    await assert.rejects(lease.connect('SWD', NEVER), /probe A1 is not open: send "open" first/);
    assert.throws(() => lease.abilities, ProbeError);
    assert.equal(await rig.run(other.dap.readDp(DP.DPIDR, NEVER)), DPIDR);
  });

  for (const [what, error] of [
    ['busy', ProbeBusyError],
    ['forbidden', ProbeAccessError],
  ] as const) {
    const keepAway = (rig: SessionRig): Disposable => {
      if (what === 'busy') {
        const claims = [0, 1].map((number) => rig.bus.claimByOther(rig.sim, number));
        return { [Symbol.dispose]: () => claims.forEach((claim) => claim[Symbol.dispose]()) };
      }
      rig.bus.deny(rig.sim);
      return { [Symbol.dispose]: () => rig.bus.deny(rig.sim, false) };
    };

    it(`that is ${what} is tried for two seconds, and then says so`, async () => {
      await using rig = await SessionRig.start();
      const kept = keepAway(rig);
      const opening = rig.lease().open(NEVER);
      const outcome = assert.rejects(opening, error);
      let isOver = false;
      opening.catch(() => (isOver = true));

      await rig.clock.advance(1990);
      assert.equal(isOver, false);
      await rig.clock.advance(110);

      await outcome;
      assert.equal(isOver, true);
      kept[Symbol.dispose]();
    });

    it(`that is ${what} at first succeeds as soon as it can be had`, async () => {
      await using rig = await SessionRig.start();
      const kept = keepAway(rig);
      const lease = rig.lease();
      const opening = lease.open(NEVER);
      await rig.clock.advance(1000);

      kept[Symbol.dispose]();
      await rig.run(opening);

      assert.ok(rig.clock.now() < 1300);
      assert.deepEqual(lease.wireProtocols, ['SWD', 'JTAG']);
    });
  }

  it('is given up when the client leaves meanwhile, and the next one can', async () => {
    await using rig = await SessionRig.start();
    const claims = [0, 1].map((number) => rig.bus.claimByOther(rig.sim, number));
    const abort = new AbortController();
    const opening = rig.lease().open(abort.signal);
    const outcome = assert.rejects(opening, /client is gone/);
    await rig.clock.advance(500);

    abort.abort(new Error('the client is gone'));
    await outcome;
    for (const claim of claims) claim[Symbol.dispose]();

    const next = await rig.opened();
    assert.deepEqual(next.wireProtocols, ['SWD', 'JTAG']);
  });

  it('that is not there says which, and since when', async () => {
    await using rig = await SessionRig.start();
    await rig.unplug();
    const lease = rig.lease();

    await assert.rejects(lease.open(NEVER), {
      name: 'ProbeDisconnectedError',
      message: 'probe A1 is not there: it was unplugged at 2026-01-01T00:00:00.000Z',
    });
    await assert.rejects(lease.dap.readDp(DP.DPIDR, NEVER), ProbeDisconnectedError);
    await rig.plug();
  });
});

describe('connecting to the target', () => {
  it('once is enough for all: the same protocol and DEFAULT are answered without a word to the probe', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const second = await rig.opened();
    const connects = count(rig, DapCommand.Connect);

    await rig.run(first.connect('SWD', NEVER));
    await rig.run(second.connect('DEFAULT', NEVER));
    await rig.run(second.connect('SWD', NEVER));

    assert.equal(connects(), 0);
    assert.equal(second.wireProtocol, 'SWD');
  });

  it('is given up by one disconnect, however often it was asked for', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    await rig.run(lease.connect('SWD', NEVER)); // as stock clients do on an RP2040, and send one disconnect

    await rig.run(lease.disconnect(NEVER));

    assert.equal(lease.wireProtocol, undefined);
  });

  it('with another protocol is refused, and names the current one', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const second = await rig.opened();

    await assert.rejects(second.connect('JTAG', NEVER), {
      kind: 'probe',
      message: 'probe A1 is connected with SWD for user:ada (127.0.0.1:1): use SWD, or wait until nobody is connected',
    });
    await rig.run(second.close(NEVER));
    await assert.rejects(first.connect('JTAG', NEVER), {
      kind: 'probe',
      message: 'probe A1 is connected with SWD: send "disconnect" before',
    });
    assert.equal(await rig.run(first.dap.readDp(DP.DPIDR, NEVER)), DPIDR);
  });

  it('lasts as long as a client has the probe open that did not give it up, whether it sent connect or not', async () => {
    await using rig = await SessionRig.start();
    const silent = await rig.opened(); // before the connect
    const first = await rig.connected();
    const late = await rig.opened(); // after it
    const disconnects = count(rig, DapCommand.Disconnect);

    await rig.run(first.disconnect(NEVER));
    await rig.run(first.disconnect(NEVER));
    await rig.run(silent.disconnect(NEVER));
    assert.equal(disconnects(), 0);
    assert.equal(await rig.run(late.dap.readDp(DP.DPIDR, NEVER)), DPIDR);
    await rig.run(late.close(NEVER));

    assert.equal(disconnects(), 1);
    assert.equal(first.wireProtocol, undefined);
    await rig.run(first.connect('JTAG', NEVER));
    assert.equal(first.wireProtocol, 'JTAG');
  });
});

describe('a client that gives up the connection, and whose power-up requests cannot be taken back', () => {
  it('is told so, and the target is disconnected all the same', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    const disconnects = count(rig, DapCommand.Disconnect);
    rig.sim.onCommand(DapCommand.Transfer, { answer: () => Uint8Array.of(DapCommand.Info) });

    await assert.rejects(rig.run(lease.disconnect(NEVER)), /answered 0x0 to DAP_Transfer/);

    assert.equal(disconnects(), 1);
    assert.equal(lease.wireProtocol, undefined);
  });
});

describe('a client that has not opened the probe', () => {
  it('has no part in the connection: it ends with the last that has', async () => {
    await using rig = await SessionRig.start();
    const idle = rig.lease();
    const lease = await rig.connected();

    await rig.run(lease.disconnect(NEVER));

    assert.equal(lease.wireProtocol, undefined);
    assert.equal(idle.wireProtocol, undefined);
  });
});

describe('a client that has nothing open, while another one holds the lock', () => {
  it('is answered at once, and takes nothing away', async () => {
    await using rig = await SessionRig.start();
    const holder = await rig.connected();
    await holder.lock(NEVER);
    const lease = rig.lease();

    // The clock stands still.
    await lease.close(NEVER);
    await lease.disconnect(NEVER);
    const requests: (() => Promise<unknown>)[] = [
      () => lease.dap.readDp(DP.DPIDR, NEVER),
      () => lease.dap.writeAp(MEM_AP.TAR, Uint32Array.of(0), NEVER),
      () => lease.dap.flush(NEVER),
      () => lease.connect('DEFAULT', NEVER),
      () => lease.setClock(1_000_000, NEVER),
      () => lease.reset(NEVER),
      () => lease.setReset(false, NEVER),
      () => lease.swoRead(NEVER),
      () => lease.memoryHandle(1, 0, NEVER),
    ];
    for (const request of requests) await assert.rejects(request(), /probe A1 is not open: send "open" first/);

    assert.equal(rig.clock.pending, 0); // nobody counts how long the holder does nothing
    assert.equal(rig.session.turns.holder, holder);
  });
});

describe('a client that leaves', () => {
  it('gives back nRESET, connection, open and lock, in that order: the next holder finds all in order', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    await rig.run(lease.lock(NEVER));
    await rig.run(lease.lock(NEVER));
    await rig.run(lease.setReset(true, NEVER));
    const seen: string[] = [];
    rig.sim.onCommand(DapCommand.SwjPins, { answer: (answer) => (seen.push('reset'), answer) });
    rig.sim.onCommand(DapCommand.Disconnect, { answer: (answer) => (seen.push('disconnect'), answer) });
    const waiting = rig
      .lease()
      .lock(NEVER)
      .then(() => seen.push('lock'));

    await rig.run(Promise.resolve(lease[Symbol.asyncDispose]()));
    await waiting;

    assert.deepEqual(seen, ['reset', 'disconnect', 'lock']);
    assert.equal(await rig.isFree(), true);
    assert.equal(rig.session.leases.length, 1);
  });

  it('by its last close gives back the lock as well, however often it took it', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.opened();
    await rig.run(lease.open(NEVER));
    const next = await rig.opened();
    await lease.lock(NEVER);
    await lease.lock(NEVER);
    const seen: string[] = [];
    const waiting = next.lock(NEVER).then(() => seen.push('lock'));

    await rig.run(lease.close(NEVER));
    assert.deepEqual(seen, []);
    const now = rig.clock.now();
    await rig.run(lease.close(NEVER));
    await waiting;

    assert.ok(rig.clock.now() < now + 2000); // not by being idle
    lease.unlock();
    assert.equal(rig.session.turns.holder?.client, next.client);
  });

  it('leaves nRESET to another one that holds it as well', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.connected();
    const second = await rig.opened();
    await rig.run(first.setReset(true, NEVER));
    await rig.run(second.setReset(true, NEVER));

    await rig.run(Promise.resolve(first[Symbol.asyncDispose]()));

    assert.equal(await rig.run(second.readReset(NEVER)), true);
    await rig.run(Promise.resolve(second[Symbol.asyncDispose]()));
    const next = await rig.opened();
    assert.equal(await rig.run(next.readReset(NEVER)), false);
  });

  it('after it lost the lock does not take it again to leave', async () => {
    const losers: number[] = [];
    const events = { lockLost: ({ id }: ClientName) => losers.push(id) };
    await using rig = await SessionRig.start({ session: { events } });
    const lease = await rig.connected();
    const next = await rig.opened();
    await lease.lock(NEVER);
    await rig.run(next.lock(NEVER)); // two seconds later

    await rig.run(Promise.resolve(lease[Symbol.asyncDispose]()));

    assert.deepEqual(losers, [lease.client.id]);
  });

  it('twice, or with a probe that no longer answers, leaves all the same', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    const mute = rig.sim.onCommand('any', { answer: () => undefined });

    await rig.run(Promise.resolve(lease[Symbol.asyncDispose]()));
    await rig.run(Promise.resolve(lease[Symbol.asyncDispose]()));
    mute[Symbol.dispose]();

    const next = await rig.connected();
    assert.equal(await rig.run(next.dap.readDp(DP.DPIDR, NEVER)), DPIDR);
  });
});

describe('a client that leaves a probe which refuses to stop its SWO and to let go of nRESET', () => {
  const refusal = (command: number): { answer: () => Uint8Array } => ({ answer: () => Uint8Array.of(command, 0xff) });

  it('is told what came first, the log the rest, and the others get back all that can be given back', async () => {
    const warnings: string[] = [];
    const log: Logger = {
      ...silentLogger,
      child: () => log,
      warn: (message, { error } = {}) => void warnings.push(`${message}: ${String(error)}`),
    };
    await using rig = await SessionRig.start({ session: { log } });
    const stays = await rig.opened();
    await rig.run(stays.connect('SWD', NEVER));
    const leaves = await rig.connected();
    await rig.run(leaves.setClock(100_000, NEVER));
    await rig.run(leaves.swoStart(9600, NEVER));
    await rig.run(leaves.setReset(true, NEVER));
    const refusing = [
      rig.sim.onCommand(DapCommand.SwoControl, refusal(DapCommand.SwoControl)),
      rig.sim.onCommand(DapCommand.SwjPins, { answer: () => Uint8Array.of(DapCommand.Info) }),
    ];
    const clocks: number[] = [];
    rig.sim.onCommand(DapCommand.SwjClock, {
      command: (bytes) => (clocks.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(1, true)), bytes),
    });

    await assert.rejects(rig.run(leaves.close(NEVER)), /DAP_SWO_Control/);

    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /^could not leave the probe in order: .*DAP_SWJ_Pins/);
    assert.deepEqual(clocks, [1_000_000]);
    const probe = rig.session.probe ?? assert.fail();
    assert.equal((await rig.run(probe.dap.readDp(DP.CTRL_STAT, NEVER))) & POWER_REQUESTS, 0);
    for (const each of refusing) each[Symbol.dispose]();
  });
});

describe('the last client that leaves, where the target cannot be disconnected and the probe not be closed', () => {
  it('is told the first, and the log the second', async () => {
    const warnings: unknown[] = [];
    const log: Logger = { ...silentLogger, child: () => log, warn: (...line) => void warnings.push(line) };
    await using rig = await SessionRig.start({ session: { log } });
    const open = rig.bus.open.bind(rig.bus);
    rig.bus.open = async (...which) => {
      const connection = await open(...which);
      const close = connection[Symbol.asyncDispose].bind(connection);
      connection[Symbol.asyncDispose] = () =>
        close().then(() => Promise.reject(new UsbError('io', 'the interface cannot be released')));
      return connection;
    };
    const lease = await rig.connected();
    rig.sim.onCommand(DapCommand.Disconnect, { answer: () => Uint8Array.of(DapCommand.Disconnect, 0xff) });

    await assert.rejects(rig.run(lease.close(NEVER)), /DAP_Disconnect/);

    assert.deepEqual(warnings, [
      ['could not close the probe', { uid: 'A1', error: 'the interface cannot be released' }],
    ]);
  });
});

describe('a client whose probe is unplugged', () => {
  it('while it waits for the lock of another one to be given back, hears so at once', async () => {
    await using rig = await SessionRig.start();
    const holder = await rig.connected();
    const lease = await rig.opened();
    await holder.lock(NEVER);
    const waiting = assert.rejects(lease.dap.readDp(DP.DPIDR, NEVER), ProbeDisconnectedError);

    await rig.unplug();

    await waiting; // the clock stands still: the other one's lock is not taken away
  });

  it('while the holder of the lock sleeps, hears so at once, whatever it asks and however it waits', async () => {
    await using rig = await SessionRig.start();
    const [holder, lease] = [await rig.connected(), await rig.opened()];
    await lease.lock(NEVER);
    const taken = holder.lock(NEVER);
    await rig.clock.advance(2000);
    await taken;
    // One waits to take a lock again that it has lost, one for a lock of its own.
    const reading = assert.rejects(lease.dap.readDp(DP.DPIDR, NEVER), ProbeDisconnectedError);
    const locking = assert.rejects(rig.lease().lock(NEVER), ProbeDisconnectedError);

    await rig.unplug();

    await Promise.all([reading, locking]); // the clock stands still
    for (const client of [holder, lease, rig.lease()]) {
      await assert.rejects(client.dap.readDp(DP.DPIDR, NEVER), ProbeDisconnectedError);
      await assert.rejects(client.open(NEVER), ProbeDisconnectedError);
      await assert.rejects(client.lock(NEVER), ProbeDisconnectedError);
      client.unlock();
    }
    await rig.plug();
    await assert.rejects(lease.lock(NEVER), /was replugged: open it again/);
  });

  it('opens it after replug without waiting for one that held the lock and sleeps', async () => {
    await using rig = await SessionRig.start();
    const [holder, lease] = [await rig.connected(), await rig.opened()];
    await holder.lock(NEVER);
    await rig.unplug();
    await rig.plug();
    const now = rig.clock.now();

    await rig.run(lease.open(NEVER));

    assert.ok(rig.clock.now() < now + 100);
    assert.equal(rig.session.turns.holder, undefined);
    holder.unlock(); // does nothing
  });

  it('hears so until it opens it again, and finds a DAP as after power-up', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    await rig.run(lease.dap.writeDp(DP.SELECT, 0x00000001, NEVER)); // the bank of DLCR

    await rig.unplug();
    await assert.rejects(lease.dap.readDp(DP.DPIDR, NEVER), ProbeDisconnectedError);
    await rig.plug();
    await assert.rejects(lease.dap.readDp(DP.DPIDR, NEVER), /was replugged: open it again/);
    await rig.run(lease.open(NEVER));

    assert.equal(lease.wireProtocol, undefined);
    await rig.run(lease.connect('SWD', NEVER));
    await rig.run(lease.swjSequence(bitString(51, 2n ** 51n - 1n), NEVER));
    await rig.run(lease.swjSequence(bitString(16, 0xe79e), NEVER));
    await rig.run(lease.swjSequence(bitString(51, 2n ** 51n - 1n), NEVER));
    await rig.run(lease.swjSequence(bitString(8, 0), NEVER));
    assert.equal(await rig.run(lease.dap.readDp(DP.DPIDR, NEVER)), DPIDR);
    const status = await rig.run(lease.dap.readDp(DP.CTRL_STAT, NEVER));
    assert.equal((status & (CTRL_STAT.CDBGPWRUPREQ | CTRL_STAT.CSYSPWRUPREQ)) >>> 0, 0);
  });
});

describe('a probe that has left before anybody has said so', () => {
  const justUnplugged = (error: unknown): boolean =>
    error instanceof ProbeDisconnectedError && /A1 has just been unplugged/.test(error.message);

  it('is not opened for a client, neither another one nor the one that has it open', async () => {
    await using rig = await SessionRig.start();
    const first = await rig.opened();
    const second = rig.lease();

    rig.bus.unplug(rig.sim); // the session is told by the supervisor, some time later

    await assert.rejects(rig.run(second.open(NEVER)), justUnplugged);
    await assert.rejects(rig.run(first.open(NEVER)), justUnplugged);
    await rig.session.detach();
    await rig.plug();
    await rig.run(second.open(NEVER));
    assert.ok(rig.session.isInUse);
  });

  it('is not opened when it leaves while it is being opened', async () => {
    await using rig = await SessionRig.start();
    const opening = rig.lease().open(NEVER);
    // With the answer to the last question: whoever has it believes that all is well.
    rig.sim.onCommand(DapCommand.Info, {
      answer: (answer, [, id]) => {
        if (id === InfoId.SwoBufferSize) queueMicrotask(() => rig.bus.unplug(rig.sim));
        return answer;
      },
    });

    await assert.rejects(rig.run(opening), ProbeDisconnectedError);

    assert.ok(!rig.session.isInUse);
    await rig.session.detach();
  });
});

describe("a client's SELECT", () => {
  it('is its own: another client does not move it', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'second-ap' } } });
    const first = await rig.connected();
    const second = await rig.opened();

    await rig.run(first.dap.writeDp(DP.SELECT, 0x000000f0, NEVER)); // IDR of AP 0
    await rig.run(second.dap.writeDp(DP.SELECT, 0x02000000, NEVER)); // an AP that does not exist

    assert.deepEqual(await rig.run(first.dap.readAp(0xc, 1, NEVER)), Uint32Array.of(0x04770031));
    assert.deepEqual(await rig.run(second.dap.readAp(0xc, 1, NEVER)), Uint32Array.of(0));
    assert.deepEqual(await rig.run(first.dap.readAp(0xc, 1, NEVER)), Uint32Array.of(0x04770031));
  });

  it('decides alone: of an AP address only A[3:2] counts', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();

    await rig.run(lease.dap.writeDp(DP.SELECT, 0x000000f0, NEVER));

    assert.deepEqual(await rig.run(lease.dap.readAp(0x0100000c, 1, NEVER)), Uint32Array.of(0x04770031));
  });

  it('has its DPBANKSEL taken back by a line reset', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    await rig.run(lease.dap.writeDp(DP.SELECT, 0x000000f1, NEVER));

    await rig.run(lease.swjSequence(bitString(56, 2n ** 51n - 1n), NEVER));
    await rig.run(lease.dap.readDp(DP.DPIDR, NEVER));

    // In bank 1 this would be DLCR, which has no power bits.
    const status = await rig.run(lease.dap.readDp(DP.CTRL_STAT, NEVER));
    assert.equal((status & CTRL_STAT.CDBGPWRUPACK) >>> 0, CTRL_STAT.CDBGPWRUPACK);
    assert.deepEqual(await rig.run(lease.dap.readAp(MEM_AP.IDR, 1, NEVER)), Uint32Array.of(0x04770031));
  });
});

describe('an ability the probe lacks', () => {
  it('is not announced, and its request says what is missing', async () => {
    // DAP_Info 0xF0: SWD alone; 0x04: 1.1.0, before DAP_SWD_Sequence; 0xFD: no SWO buffer.
    const info = { 0xf0: Uint8Array.of(0x01), 0x04: '1.1.0', 0xfd: null };
    await using rig = await SessionRig.start({ probe: { info } });
    const lease = await rig.opened();

    assert.deepEqual(lease.abilities, { swjSequence: true, swdSequence: false, jtagSequence: false, swo: false });
    const requests: (() => Promise<unknown>)[] = [
      () => lease.swdSequence([{ direction: 'input', lengthBits: 5 }], NEVER),
      () => lease.jtagSequence({ tms: 0, readTdo: false, tdi: bitString(1, 0) }, NEVER),
      () => lease.swoStart(115200, NEVER),
      () => lease.connect('JTAG', NEVER),
    ];
    for (const request of requests) await assert.rejects(rig.run(request()), UnsupportedError);
    await rig.run(lease.connect('DEFAULT', NEVER));
    assert.equal(lease.wireProtocol, 'SWD');
  });
});

describe('a reset', () => {
  it('holds nRESET low for 100 ms, and gives the target 100 ms to start', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    const started = rig.clock.now();
    let isOver = false;

    const reset = lease.reset(NEVER).then(() => (isOver = true));
    await rig.clock.advance(99);
    assert.equal(rig.sim.board.connector.nReset.low, true);
    await rig.clock.advance(1);
    assert.equal(rig.sim.board.connector.nReset.low, false);
    assert.equal(isOver, false);
    await rig.run(reset);

    assert.ok(rig.clock.now() - started >= 200);
  });

  it('whose client leaves meanwhile is let go of all the same', async () => {
    await using rig = await SessionRig.start();
    const lease = await rig.connected();
    const other = await rig.opened();
    const abort = new AbortController();
    const outcome = assert.rejects(lease.reset(abort.signal), /gone/);
    await rig.clock.advance(50);

    abort.abort(new Error('the client is gone'));
    await rig.clock.advance(60);
    await outcome;

    assert.equal(await rig.run(other.readReset(NEVER)), false);
  });
});

describe('a memory handle', () => {
  /** Bytes 0x80, 0x81 ... from the start of RAM. */
  function fillRam(rig: SessionRig, sizeBytes = 4096): Uint8Array {
    const bytes = Uint8Array.from({ length: sizeBytes }, (_, i) => (i + (i >> 8) + 0x80) & 0xff);
    rig.sim.board.memory.ram.set(bytes);
    return bytes;
  }

  /** A connected lease with a handle for AP 0. */
  async function withMemory(rig: SessionRig): Promise<{ lease: ClientLease; memory: MemoryPort }> {
    const lease = await rig.connected();
    const handle = await rig.run(lease.memoryHandle(1, 0, NEVER));
    assert.ok(handle !== undefined);
    return { lease, memory: lease.memory(handle) };
  }

  async function cswAndTar(rig: SessionRig, { dap }: ClientLease): Promise<number[]> {
    await rig.run(dap.writeDp(DP.SELECT, 0, NEVER));
    const [csw] = await rig.run(dap.readAp(MEM_AP.CSW, 1, NEVER));
    const [tar] = await rig.run(dap.readAp(MEM_AP.TAR, 1, NEVER));
    return [csw, tar];
  }

  it('reads and writes every width in every lane', async () => {
    await using rig = await SessionRig.start();
    const ram = fillRam(rig);
    const view = new DataView(ram.buffer);
    const { memory } = await withMemory(rig);

    for (let offset = 0; offset < 8; offset++) {
      assert.equal(await rig.run(memory.read(RAM_BASE + offset, 8, NEVER)), ram[offset]);
      await rig.run(memory.write(RAM_BASE + 0x100 + offset, offset + 1, 8, NEVER));
    }
    for (let offset = 0; offset < 8; offset += 2) {
      assert.equal(await rig.run(memory.read(RAM_BASE + offset, 16, NEVER)), view.getUint16(offset, true));
      await rig.run(memory.write(RAM_BASE + 0x110 + offset, 0xab00 + offset, 16, NEVER));
    }
    for (let offset = 0; offset < 8; offset += 4) {
      assert.equal(await rig.run(memory.read(RAM_BASE + offset, 32, NEVER)), view.getUint32(offset, true));
      await rig.run(memory.write(RAM_BASE + 0x120 + offset, 0xfedcba90 + offset, 32, NEVER));
    }

    const written = Buffer.from(rig.sim.board.memory.ram);
    assert.equal(written.toString('hex', 0x100, 0x108), '0102030405060708');
    assert.equal(written.toString('hex', 0x110, 0x118), '00ab02ab04ab06ab');
    assert.equal(written.toString('hex', 0x120, 0x128), '90badcfe94badcfe');
  });

  it('reads and writes blocks over the pages in which TAR wraps', async () => {
    await using rig = await SessionRig.start();
    const ram = fillRam(rig);
    const { memory } = await withMemory(rig);

    const bytes = await rig.run(memory.readBytes(RAM_BASE + 1021, 1030, NEVER));
    const words = await rig.run(memory.readWords(RAM_BASE + 1020, 300, NEVER));
    await rig.run(memory.writeBytes(RAM_BASE + 0x4000 + 1021, ram.subarray(7, 1037), NEVER));
    await rig.run(memory.writeWords(RAM_BASE + 0x8000 + 1020, words, NEVER));

    assert.deepEqual(bytes, ram.slice(1021, 2051));
    assert.deepEqual(Buffer.from(words.buffer), Buffer.from(ram.subarray(1020, 2220)));
    const after = rig.sim.board.memory.ram;
    assert.deepEqual(after.slice(0x4000 + 1021, 0x4000 + 2051), ram.slice(7, 1037));
    assert.deepEqual(after.slice(0x8000 + 1020, 0x8000 + 2220), ram.slice(1020, 2220));
    assert.equal(after[0x4000 + 1020], 0);
    assert.equal(after[0x4000 + 2051], 0);
  });

  it('leaves CSW and TAR as they were', async () => {
    await using rig = await SessionRig.start();
    const { lease, memory } = await withMemory(rig);
    await rig.run(lease.dap.writeDp(DP.SELECT, 0, NEVER));
    await rig.run(lease.dap.writeAp(MEM_AP.TAR, Uint32Array.of(0x20001234), NEVER));
    const before = await cswAndTar(rig, lease);

    await rig.run(memory.readBytes(RAM_BASE + 1, 5, NEVER));
    await rig.run(memory.write(RAM_BASE, 1, 16, NEVER));

    assert.deepEqual(await cswAndTar(rig, lease), before);
    assert.equal(before[1], 0x20001234);
  });

  it('refuses an address that is not aligned to the access', async () => {
    await using rig = await SessionRig.start();
    const { memory } = await withMemory(rig);

    await assert.rejects(memory.read(RAM_BASE + 1, 16, NEVER), RequestError);
    await assert.rejects(memory.write(RAM_BASE + 2, 0, 32, NEVER), RequestError);
    await assert.rejects(memory.readWords(RAM_BASE + 2, 1, NEVER), RequestError);
  });

  for (const protocol of ['SWD', 'JTAG'] as const) {
    it(`clears the flags of a fault, over ${protocol}, and restores CSW and TAR`, async () => {
      await using rig = await SessionRig.start();
      const ram = fillRam(rig);
      const lease = await rig.connected(protocol);
      const handle = await rig.run(lease.memoryHandle(1, 0, NEVER));
      const memory = lease.memory(handle ?? assert.fail());
      const before = await cswAndTar(rig, lease);

      // Nothing is there: docs/simulated-board.md.
      await assert.rejects(rig.run(memory.read(0x30000000, 32, NEVER)), TransferFaultError);
      await assert.rejects(rig.run(memory.writeWords(0x30000000, Uint32Array.of(1, 2), NEVER)), TransferFaultError);

      assert.deepEqual(await cswAndTar(rig, lease), before);
      assert.equal(await rig.run(memory.read(RAM_BASE, 8, NEVER)), ram[0]);
    });
  }

  it('fails once, and not for ever, after a fault somebody else left', async () => {
    await using rig = await SessionRig.start();
    const ram = fillRam(rig);
    const { lease, memory } = await withMemory(rig);
    rig.sim.board.faults.inject({ kind: 'fault' });
    await assert.rejects(rig.run(lease.dap.readAp(MEM_AP.TAR, 1, NEVER)), TransferFaultError);

    await assert.rejects(rig.run(memory.read(RAM_BASE, 32, NEVER)), TransferFaultError);

    assert.equal(await rig.run(memory.read(RAM_BASE, 8, NEVER)), ram[0]);
  });

  it('is for the AP it was asked for, and there is none where there is no MEM-AP', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'second-ap' } } });
    const lease = await rig.connected();
    rig.sim.board.processors[1].memory.write(RAM_BASE, 4, 0x22222222);
    rig.sim.board.memory.write(RAM_BASE, 4, 0x11111111);

    const handles = [0, 1, 2].map((ap) => () => rig.run(lease.memoryHandle(1, ap, NEVER)));
    const [first, second, none] = [await handles[0](), await handles[1](), await handles[2]()];

    assert.ok(first !== undefined && second !== undefined);
    assert.equal(await rig.run(lease.memory(first).read(RAM_BASE, 32, NEVER)), 0x11111111);
    assert.equal(await rig.run(lease.memory(second).read(RAM_BASE, 32, NEVER)), 0x22222222);
    assert.equal(none, undefined);
  });

  it('works through an ADIv6 AP', async () => {
    await using rig = await SessionRig.start({ probe: { board: { kind: 'dpv3' } } });
    const ram = fillRam(rig);
    const lease = await rig.connected();

    const handle = await rig.run(lease.memoryHandle(2, 0x2000, NEVER));

    assert.ok(handle !== undefined);
    assert.deepEqual(await rig.run(lease.memory(handle).readBytes(RAM_BASE + 3, 9, NEVER)), ram.slice(3, 12));
  });

  it('is not given out where handles are off', async () => {
    await using rig = await SessionRig.start({ session: { memoryHandles: false } });
    const lease = await rig.connected();

    assert.equal(await rig.run(lease.memoryHandle(1, 0, NEVER)), undefined);
  });

  it('that was not given out is refused', async () => {
    await using rig = await SessionRig.start();
    const { lease } = await withMemory(rig);
    const other = await rig.opened();

    for (const handle of [-1, 1, 0.5]) assert.throws(() => lease.memory(handle), RequestError);
    assert.throws(() => other.memory(0), RequestError);
  });
});
