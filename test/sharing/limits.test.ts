// What a client can make the daemon keep in mind is bounded, and what is forgotten leads nobody astray.

import assert from 'node:assert/strict';
import { RequestError } from '../../src/base/errors.js';
import { bitString } from '../../src/dap/bit-string.js';
import { TransferError } from '../../src/dap/errors.js';
import { CTRL_STAT, DP, MEM_AP, POWER_REQUESTS } from '../../src/dap/registers.js';
import { targetSelPieces } from '../../src/probe/target-sel.js';
import type { ClientLease } from '../../src/sharing/client-lease.js';
import { RAM_BASE } from '../../src/sim/board/memory-map.js';
import { DapCommand } from '../../src/sim/firmware/dap-command.js';
import { NEVER, SessionRig } from './session-rig.js';

const WORDS = 0x23000052;
const BYTES = 0x23000050;
const MEM_AP_V2 = 0x2d00;
const CORE_0 = 0x01002927;
const OK = 1;
const DPIDR_V2 = 0x0bc12477;
/** Requests of a DAP_Transfer: the write of an AP register with A[3:2] = 2, TAR_HIGH in bank 0, and any read. */
const WRITE_AP_8 = 0x09;
const READ = 0x02;

const dpv3 = { probe: { board: { kind: 'dpv3' } } } as const;
const multidrop = { probe: { board: { kind: 'multidrop' } } } as const;

async function readAt(rig: SessionRig, { dap }: ClientLease, page: number, register: number): Promise<number> {
  await rig.run(dap.writeDp(DP.SELECT, page, NEVER));
  const [word] = await rig.run(dap.readAp(register, 1, NEVER));
  return word;
}

async function writeAt(
  rig: SessionRig,
  { dap }: ClientLease,
  page: number,
  register: number,
  word: number,
): Promise<void> {
  await rig.run(dap.writeDp(DP.SELECT, page, NEVER));
  await rig.run(dap.writeAp(register, Uint32Array.of(word), NEVER));
}

/** Places where there is no AP; a DPv3 lets them be read and written. */
function emptyPages(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => (0x01000000 + (first + i) * 0x1000) >>> 0);
}

function knownAps({ session }: SessionRig): number {
  return [...session.wire.dps].reduce((sum, { aps }) => sum + aps.size, 0);
}

function knownTargets({ session }: SessionRig): number {
  return [...session.wire.dps].length;
}

/** What a DAP_Transfer writes with one kind of request. */
function wordsWritten(command: Uint8Array, request: number): number[] {
  const view = new DataView(command.buffer, command.byteOffset, command.byteLength);
  const words: number[] = [];
  for (let left = command[2], at = 3; left > 0; left--) {
    const isRead = (command[at] & READ) !== 0;
    if (command[at] === request) words.push(view.getUint32(at + 1, true));
    at += isRead ? 1 : 5;
  }
  return words;
}

/** What is written to TAR_HIGH from now on. */
function writesOfTarHigh(rig: SessionRig): number[] {
  const words: number[] = [];
  rig.sim.onCommand(DapCommand.Transfer, {
    command: (bytes) => {
      words.push(...wordsWritten(bytes, WRITE_AP_8));
      return bytes;
    },
  });
  return words;
}

describe('a client that looks for APs everywhere', () => {
  it('fills no memory, and keeps what it has left in the one it works with', async () => {
    await using rig = await SessionRig.start(dpv3);
    const [client, other] = [await rig.connected(), await rig.connected()];
    await writeAt(rig, client, MEM_AP_V2, MEM_AP.CSW, BYTES);
    await writeAt(rig, client, MEM_AP_V2, MEM_AP.TAR, RAM_BASE + 1);

    for (const page of emptyPages(580)) await readAt(rig, client, page, MEM_AP.CSW);
    const highHalves = writesOfTarHigh(rig);

    assert.ok(knownAps(rig) <= 512 + 64, String(knownAps(rig)));
    await writeAt(rig, other, MEM_AP_V2, MEM_AP.CSW, WORDS);
    await writeAt(rig, other, MEM_AP_V2, MEM_AP.TAR, RAM_BASE + 0x100);
    assert.equal(await readAt(rig, client, MEM_AP_V2, MEM_AP.CSW), BYTES);
    assert.equal(await readAt(rig, client, MEM_AP_V2, MEM_AP.TAR), RAM_BASE + 1);
    await readAt(rig, client, MEM_AP_V2, MEM_AP.DRW);
    assert.deepEqual(highHalves, [], 'nothing is in doubt');
  });

  it('has forgotten what one who has left did to another one last of all', async () => {
    await using rig = await SessionRig.start(dpv3);
    const [client, gone] = [await rig.connected(), await rig.connected()];
    await writeAt(rig, gone, MEM_AP_V2, MEM_AP.CSW, BYTES);
    await rig.run(Promise.resolve(gone[Symbol.asyncDispose]()));
    const highHalves = writesOfTarHigh(rig);

    for (const page of emptyPages(580)) await readAt(rig, client, page, MEM_AP.CSW);

    await readAt(rig, client, MEM_AP_V2, MEM_AP.DRW);
    assert.deepEqual(highHalves, [], 'nothing is in doubt');
  });

  it('is refused the 513th that it writes to, and keeps what it has left in the first', async () => {
    await using rig = await SessionRig.start(dpv3);
    const [client, other] = [await rig.connected(), await rig.connected()];
    await writeAt(rig, client, MEM_AP_V2, MEM_AP.CSW, BYTES);
    const [last, ...pages] = emptyPages(512);

    for (const page of pages) await writeAt(rig, client, page, MEM_AP.TAR, page);

    await assert.rejects(writeAt(rig, client, last, MEM_AP.TAR, 0), RequestError);
    await writeAt(rig, other, last, MEM_AP.TAR, 0);
    await writeAt(rig, other, MEM_AP_V2, MEM_AP.CSW, WORDS);
    assert.equal(await readAt(rig, client, MEM_AP_V2, MEM_AP.CSW), BYTES);
    await rig.run(client.reset(NEVER)); // with one more AP that the other one uses
  });
});

describe('APs that clients who have left have written to', () => {
  it('are forgotten when there are many, and count as unknown then', async () => {
    await using rig = await SessionRig.start(dpv3);
    const stays = await rig.connected();
    const gone = await rig.connected();
    await writeAt(rig, gone, MEM_AP_V2, MEM_AP.CSW, BYTES);
    await rig.run(Promise.resolve(gone[Symbol.asyncDispose]()));
    for (let first = 0; first < 150; first += 30) {
      const next = await rig.connected();
      for (const page of emptyPages(30, first)) await writeAt(rig, next, page, MEM_AP.TAR, page);
      await rig.run(Promise.resolve(next[Symbol.asyncDispose]()));
    }
    assert.ok(knownAps(rig) <= 64 + 30, String(knownAps(rig)));
    const highHalves = writesOfTarHigh(rig);

    // Who has never written TAR_HIGH counts on zero, whatever somebody has left there.
    await writeAt(rig, stays, MEM_AP_V2, MEM_AP.TAR, RAM_BASE);
    await readAt(rig, stays, MEM_AP_V2, MEM_AP.DRW);

    assert.deepEqual(highHalves, [0]);
    assert.equal(await readAt(rig, stays, MEM_AP_V2, MEM_AP.CSW), BYTES, 'as it is');
  });
});

async function goTo(rig: SessionRig, lease: ClientLease, targetSel: number): Promise<void> {
  for (const sequence of [bitString(51, -1n), bitString(8, 0)]) await rig.run(lease.swjSequence(sequence, NEVER));
  await rig.run(lease.swdSequence(targetSelPieces(targetSel), NEVER));
  await rig.run(lease.dap.readDp(DP.DPIDR, NEVER));
}

function targetSels(count: number, first = 0): number[] {
  return Array.from({ length: count }, (_, i) => ((first + i) << 4) | 1);
}

/** Whatever is selected answers, and reads as a DPv2; what is written to CTRL/STAT is noted. */
function answering(rig: SessionRig): number[] {
  const written: number[] = [];
  rig.sim.onCommand(DapCommand.Transfer, {
    answer: (_answer, command) => {
      written.push(...wordsWritten(command, DP.CTRL_STAT));
      const answer = new Uint8Array(64);
      answer.set([DapCommand.Transfer, command[2], OK]);
      new DataView(answer.buffer).setUint32(3, DPIDR_V2, true);
      return answer;
    },
  });
  return written;
}

describe('a client that looks for targets everywhere', () => {
  it('fills no memory, and keeps what it has left in the one it works with', async () => {
    await using rig = await SessionRig.start(multidrop);
    const other = await rig.selected(CORE_0);
    await rig.run(other.dap.writeDp(DP.CTRL_STAT, 0, NEVER));
    const client = await rig.selected(CORE_0);
    await rig.run(client.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    await rig.run(client.dap.writeDp(DP.SELECT, 0xf0, NEVER));

    for (const targetSel of targetSels(100)) await assert.rejects(goTo(rig, client, targetSel), TransferError);

    assert.ok(knownTargets(rig) <= 64 + 2, String(knownTargets(rig)));
    await goTo(rig, client, CORE_0);
    await rig.run(other.dap.writeDp(DP.CTRL_STAT, 0, NEVER)); // the power stays on for the first
    const [idr] = await rig.run(client.dap.readAp(MEM_AP.IDR, 1, NEVER));
    assert.equal(idr, 0x04770031);
    assert.ok((await rig.run(client.dap.readDp(DP.CTRL_STAT, NEVER))) & CTRL_STAT.CDBGPWRUPACK);
  });

  it('has forgotten one that somebody who has left had worked with last of all', async () => {
    await using rig = await SessionRig.start(multidrop);
    const client = await rig.selected(0x11002927);
    const gone = await rig.selected(CORE_0);
    await rig.run(gone.dap.writeDp(DP.CTRL_STAT, POWER_REQUESTS, NEVER));
    await rig.run(Promise.resolve(gone[Symbol.asyncDispose]()));
    const known = rig.session.wire.dp(CORE_0);

    for (const targetSel of targetSels(100)) await assert.rejects(goTo(rig, client, targetSel), TransferError);

    assert.equal(rig.session.wire.dp(CORE_0), known);
  });

  it('is refused another one when it has found 32', async () => {
    await using rig = await SessionRig.start(multidrop);
    answering(rig);
    const client = await rig.selected(CORE_0);
    const [last, ...found] = targetSels(32);

    for (const targetSel of found) await goTo(rig, client, targetSel);

    await assert.rejects(goTo(rig, client, last), RequestError);
    await goTo(rig, client, CORE_0);
  });
});

describe('targets that clients who have left have worked with', () => {
  it('are forgotten when there are many, and are set anew then', async () => {
    await using rig = await SessionRig.start(multidrop);
    const written = answering(rig);
    const stays = await rig.selected(CORE_0);
    const mine = rig.session.wire.dp(CORE_0);
    for (let first = 0; first < 90; first += 30) {
      const next = await rig.selected(CORE_0);
      for (const targetSel of targetSels(30, first)) await goTo(rig, next, targetSel);
      await rig.run(Promise.resolve(next[Symbol.asyncDispose]()));
    }
    assert.ok(knownTargets(rig) <= 64 + 2, String(knownTargets(rig)));
    assert.equal(rig.session.wire.dp(CORE_0), mine, 'somebody counts on it');
    written.length = 0;

    await goTo(rig, stays, 0x1); // the first of all
    await rig.run(stays.dap.readDp(DP.RDBUFF, NEVER));

    assert.deepEqual(written, [0]);
  });
});

describe('a newcomer that sends sequences without end', () => {
  it('has the last 64 sent when it turns out that they are needed', async () => {
    await using rig = await SessionRig.start();
    const [client, newcomer] = [await rig.connected(), await rig.opened()];
    for (let i = 0; i < 100; i++) await rig.run(newcomer.swjSequence(bitString(59, 2n ** 51n - 1n), NEVER));
    rig.sim.board.faults.inject({ kind: 'no-ack' });
    await assert.rejects(rig.run(client.dap.readDp(DP.CTRL_STAT, NEVER)), TransferError);
    let sent = 0;
    rig.sim.onCommand(DapCommand.SwjSequence, {
      command: (bytes) => {
        sent++;
        return bytes;
      },
    });

    await rig.run(newcomer.dap.readDp(DP.DPIDR, NEVER));

    assert.equal(sent, 1 + 64); // before them the clocks of a data phase that the other client's access may have left
  });
});
