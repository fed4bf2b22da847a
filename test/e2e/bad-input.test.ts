// Clients that misbehave, against a daemon in a process of its own: others on the same probe must not notice, and its
// memory must stay bounded.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { connectSwd } from '../support/connect-swd.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { TestClient } from '../support/test-client.js';
import { Entrance, waysIn } from '../support/way-in.js';

const MEGABYTE = 1024 * 1024;
/** Of each process. A line of 8 MiB, 1 MiB of backlog and 1 MiB of replies per client, and what the garbage collector has not seen yet. */
const MAX_GROWTH_BYTES = 100 * MEGABYTE;
/** A bulky request on simulated wires takes some 50 ms. One of them may come first, not all that were sent ahead. */
const MAX_ANSWER_MS = 300;
/** A machine that is busy answers late by chance, a server that lets the other one go first does it each time. */
const TRIES = 4;
/** One for each request of the other client: enough for its replies to fill the kernel's buffers, and then ours. */
const BYSTANDER_REQUESTS = 250;
/** docs/simulated-board.md. */
const DPIDR = 0x0bc11477;

async function connected(port: number): Promise<net.Socket> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined); // being reset is what some of them are after
  await once(socket, 'connect');
  return socket;
}

/** Writes pieces until the server resets the connection, or there are no more. */
async function pour(socket: net.Socket, piece: string, pieces: number): Promise<void> {
  for (let i = 0; i < pieces && !socket.destroyed; i++) {
    if (!socket.write(piece)) await drainedOrClosed(socket);
  }
}

/** Not `once`, which takes the error of a reset for its own. */
function drainedOrClosed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
}

const hello = '{"id":1,"request":"hello","arguments":[1]}\n';
const BULK_WORDS = 65_535;
/** Answered with 130 KB: RAM full of zeros. */
const bulky = `{"id":1,"request":"read_ap_multiple","arguments":[12,${BULK_WORDS}]}\n`;

type Misbehaviour = (port: number) => Promise<net.Socket>;

const misbehaviours: readonly [what: string, act: Misbehaviour][] = [
  [
    'sends a line of 10 MB',
    async (port) => {
      const socket = await connected(port);
      await pour(socket, 'x'.repeat(MEGABYTE), 10);
      while (!socket.closed) await drainedOrClosed(socket);
      return socket;
    },
  ],
  [
    'sends a line that never ends',
    async (port) => {
      const socket = await connected(port);
      await pour(socket, '{"id":1,"request":"'.padEnd(MEGABYTE, 'x'), 1000);
      assert.ok(socket.destroyed, 'it was reset before it had sent a gigabyte');
      return socket;
    },
  ],
  [
    'pipelines 10 000 requests',
    async (port) => {
      const socket = await connected(port);
      socket.write(hello.repeat(10_000));
      let replies = 0;
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        replies += String(chunk).split('\n').length - 1;
        if (replies >= 10_000) break;
      }
      assert.equal(replies, 10_000);
      return socket;
    },
  ],
  [
    'asks for 170 MB and never reads',
    async (port) => {
      const socket = await connected(port);
      socket.pause();
      socket.write(`{"id":0,"request":"open"}\n${bulky.repeat(1300)}`);
      return socket;
    },
  ],
  [
    'resets in the middle of a line, with a request running',
    async (port) => {
      const socket = await connected(port);
      socket.write(`{"id":0,"request":"open"}\n${bulky}{"id":2,"requ`);
      socket.once('data', () => socket.resetAndDestroy());
      while (!socket.closed) await drainedOrClosed(socket);
      return socket;
    },
  ],
];

for (const way of waysIn) {
  describe(`while a client misbehaves that came ${way}`, function () {
    this.timeout(30_000);
    let daemon: DaemonProcess;
    let entrance: Entrance;
    let bystander: TestClient;

    before(async () => {
      daemon = await DaemonProcess.serving(1);
      entrance = await Entrance.open(way, daemon.ports[0]);
      bystander = await TestClient.connect(entrance.port);
      for (const request of ['open', 'lock']) await bystander.result(request);
      assert.equal(await connectSwd(bystander), DPIDR);
      await bystander.result('write_dp', 4, 0x50000f00);
      await bystander.result('write_ap', 4, 0x20000000);
      await bystander.result('unlock');
      const words = await bystander.result('read_ap_multiple', 12, BULK_WORDS);
      assert.ok(Array.isArray(words) && words.length === BULK_WORDS, 'the bulky request has a bulky reply');
    });
    after(async () => {
      await bystander[Symbol.asyncDispose]();
      await entrance[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
    });

    for (const [what, act] of misbehaviours) {
      it(`another one on the same probe gets right answers: it ${what}`, async () => {
        let slowestMs = Infinity;
        for (let i = 0; i < TRIES && slowestMs >= MAX_ANSWER_MS; i++) {
          slowestMs = Math.min(slowestMs, await slowestBeside(act));
        }
        assert.ok(slowestMs < MAX_ANSWER_MS, `one answer took ${slowestMs} ms`);
      });
    }

    /** @returns  how long the slowest answer to the bystander took, in ms */
    async function slowestBeside(act: Misbehaviour): Promise<number> {
      const processes = [daemon.process.pid, entrance.helper?.pid].filter((pid) => pid !== undefined);
      const before = processes.map(residentBytes);
      const acting = act(entrance.port);
      acting.catch(() => undefined); // it is waited for below
      let slowestMs = 0;
      let mostGrown = 0;
      const measure = (): void => {
        for (const [i, pid] of processes.entries()) mostGrown = Math.max(mostGrown, residentBytes(pid) - before[i]);
      };

      for (let i = 0; i < BYSTANDER_REQUESTS; i++) {
        const asked = performance.now();
        assert.equal(await bystander.result('read_dp', 0), DPIDR);
        slowestMs = Math.max(slowestMs, performance.now() - asked);
        measure();
      }

      const socket = await acting;
      measure();
      assert.equal(await bystander.result('read_dp', 0), DPIDR);
      assert.ok(mostGrown < MAX_GROWTH_BYTES, `one of them grew by ${mostGrown / MEGABYTE} MB`);
      socket.destroy();
      return slowestMs;
    }
  });
}

/** VmRSS of /proc/PID/status; 0 where there is no such file. */
function residentBytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  } catch {
    return 0; // not Linux
  }
}
