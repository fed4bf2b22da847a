import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { NetworkLab } from '../support/network-lab.js';
import { ownPrograms } from '../support/programs.js';
import { Entrance, waysIn } from '../support/way-in.js';

const PORT = 5555;
const CLIENT_TIMEOUT_MS = 3000;
/** Timers of the kernel are late by up to an eighth of their time: Linux, kernel/time/timer.c. */
const LATE_MS = CLIENT_TIMEOUT_MS / 8;
/** pyOCD: ClientSocket.DEFAULT_TIMEOUT. */
const STOCK_CLIENT_TIMEOUT_MS = 10_000;
/** src/client/endpoint.ts: UNACKNOWLEDGED_MS, and KEEP_ALIVE_MS with ten tries. */
const LOST_MS = 15_000;
/** A machine that is busy tells us late by chance, a daemon that waits too long does it each time. */
const TRIES = 4;

for (const way of waysIn) {
  describe(`a client whose cable is pulled, and came ${way}`, function () {
    this.timeout(120_000);
    let lab: NetworkLab;
    let daemon: DaemonProcess;
    let entrance: Entrance;
    const disposer = new Disposer();
    const folder = mkdtempSync(path.join(tmpdir(), 'probed-test-'));

    before(async function () {
      lab = disposer.use(NetworkLab.orSkip(this));
      const config = path.join(folder, 'probed.toml');
      writeFileSync(
        config,
        `[listen]\naddresses = ["127.0.0.1", "${lab.labAddress}"]\nallow_remote = ["10.98.2.1"]\nfirst_port = ${PORT}\n` +
          `[limits]\nclient_timeout = ${CLIENT_TIMEOUT_MS / 1000}\nlock_idle_timeout = 60\n[[simulate]]\ncount = 1\n`,
      );
      daemon = disposer.use(
        DaemonProcess.spawn(['--config', config, '--log-level', 'debug'], folder, ownPrograms, {
          before: lab.on('lab'),
        }),
      );
      await daemon.printed(1);
      // A helper is at the developer's end of the cable.
      entrance = disposer.use(await Entrance.open(way, PORT, { before: lab.on('developer') }, lab.labAddress));
    });
    afterEach(() => lab.tidy());
    after(async () => {
      await disposer[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    });

    /** A client at this or the other end of the cable, once it has had so many replies. */
    async function client(at: 'lab' | 'developer', replies: number, ...requests: unknown[][]): Promise<Named> {
      const from = daemon.stderr.length;
      const isHelped = at === 'developer' && entrance.helper !== undefined;
      const port = at === 'developer' ? entrance.port : PORT;
      const started = await lab.client(at, port, replies, requests, isHelped ? '127.0.0.1' : lab.labAddress);
      await daemon.logged('client connected ', from);
      const [, name = ''] = /client connected (uid=\S+ client=\d+) /.exec(daemon.stderr.slice(from)) ?? [];
      return { name, kill: () => started.kill() };
    }

    /** How long it takes from now on until the daemon has taken a client for dead. */
    async function death(of: Named): Promise<number> {
      const begin = performance.now();
      await daemon.logged(leaving(of));
      return performance.now() - begin;
    }

    /** @param measure  does it anew each time */
    async function assertInTime(measure: () => Promise<number>): Promise<void> {
      const times: number[] = [];
      while (times.length < TRIES) {
        const took = await measure();
        assert.ok(took > CLIENT_TIMEOUT_MS / 2, `took ${took} ms`);
        if (took < CLIENT_TIMEOUT_MS + LATE_MS) return;
        times.push(took);
        await lab.tidy();
      }
      assert.fail(`took ${times.join(', ')} ms`);
    }

    it('is found while it is idle, by keepalive', async () => {
      await assertInTime(async () => {
        const dead = await client('developer', 3, ['open'], ['lock'], ['has_swo']); // answered when the lock is its
        lab.pullCable();
        return death(dead);
      });

      await client('lab', 1, ['lock']); // its lock was released
    });

    it('is found while a reply is in flight, by TCP_USER_TIMEOUT', async () => {
      await assertInTime(async () => {
        const holder = await client('lab', 1, ['lock']);
        const dead = await client('developer', 1, ['has_swo'], ['lock']); // the second reply is to come
        lab.pullCable();
        await holder.kill(); // now it is on its way, and nobody acknowledges it
        await daemon.logged(leaving(holder));
        return death(dead);
      });

      await client('lab', 1, ['lock']);
    });

    it('is found alone: one that is idle as long, and there, stays', async () => {
      const stays = await client('lab', 1, ['open']);
      const dead = await client('developer', 1, ['open']);

      lab.pullCable();
      await death(dead);

      assert.ok(!daemon.stderr.includes(leaving(stays)));
    });

    if (way === 'directly') return; // there is nobody who could tell it
    it('is told, and reset, whether it waits or its request is under way', async () => {
      const waits = await lab.client('developer', entrance.port, 1, [['open']], '127.0.0.1');
      const sends = await lab.client('developer', entrance.port, 1, [['open']], '127.0.0.1');
      const holder = await lab.client('lab', PORT, 2, [['open'], ['lock']]);
      waits.send(1, 'read_dp', 0);
      await holder.answers(2, 'has_swo'); // the daemon has the other request by now
      lab.pullCable();
      sends.send(1, 'read_dp', 0);
      const begin = performance.now();

      await Promise.all([waits.ended, sends.ended]); // by a reset

      for (const { received } of [waits, sends]) {
        const { status, error } = JSON.parse(received[1]) as { status: number; error: string };
        assert.equal(status, 2);
        assert.match(error, /^the connection to 10\.98\.1\.1:5555 is lost: it broke: .*ETIMEDOUT/);
      }
      assert.ok(performance.now() - begin < 2 * LOST_MS); // by itself, TCP would take a quarter of an hour
    });

    it('is told, where it comes only then, before it gives up by itself', async () => {
      lab.pullCable();
      const times: number[] = [];
      do {
        const begin = performance.now();

        const [{ replies, end }] = await lab.talk('developer', '127.0.0.1', entrance.port, [['hello', 1]]);

        times.push(performance.now() - begin);
        assert.equal(end, 'done');
        assert.equal(replies[0].status, 2);
        assert.match(replies[0].error ?? '', /^cannot reach 10\.98\.1\.1:5555: nobody answers/);
      } while (Math.min(...times) > STOCK_CLIENT_TIMEOUT_MS && times.length < TRIES);
      assert.ok(Math.min(...times) < STOCK_CLIENT_TIMEOUT_MS, `took ${times.join(', ')} ms`);
    });
  });
}

/** A client, and how the daemon's log calls it. */
interface Named {
  readonly name: string;
  readonly kill: () => Promise<void>;
}

function leaving({ name }: Named): string {
  return `client disconnected ${name}\n`;
}
