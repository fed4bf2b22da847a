// How long a stock client's work takes with a network between it and the probe: recorded requests, alone and through
// `probectl accelerate`. docs/acceleration.md has figures of whole conversations over a link that delays packets.

import assert from 'node:assert/strict';
import { Disposer } from '../../src/base/disposer.js';
import { DaemonProcess } from '../support/daemon-process.js';
import { DelayingRelay } from '../support/delaying-relay.js';
import { portOf } from '../support/forwarded-port.js';
import { play } from '../support/play.js';
import { ProbectlProcess } from '../support/probectl-process.js';
import { type BundledPrograms, bundledPrograms } from '../support/programs.js';

/** What users are promised. */
const TIMES_SHORTER = 4;
/** With the helper, while it is played once alone. */
const TRIES = 5;
/**
 * What else this machine does only ever adds to a time: the least of several comes down to the round trips, of which there
 * are more than four times as many alone (160 to 35, 600 to 98 and 108), and a tenth more for the work. A helper that waits too
 * often does so in every round.
 */
const ROUNDS = 4;

describe('a stock client far from its probe', function () {
  this.timeout(60_000);
  let programs: BundledPrograms;
  before(() => {
    programs = bundledPrograms();
  });
  after(() => programs[Symbol.dispose]());

  // The beginnings of the longer ones, nearer: whole and at 20 ms each takes half a minute.
  for (const { recording, requests, roundTripMs } of [
    { recording: 'cmd-status', requests: 160, roundTripMs: 20 },
    { recording: 'load-elf', requests: 600, roundTripMs: 10 },
    { recording: 'gdb-load', requests: 600, roundTripMs: 10 },
  ]) {
    it(`waits ${TIMES_SHORTER} times shorter with the helper: ${requests} requests of ${recording}, ${roundTripMs} ms`, async () => {
      await using disposer = new Disposer();
      const daemon = disposer.use(DaemonProcess.spawn(['--port', '0', '--simulate', '2'], undefined, programs.own));
      await daemon.printed(2);
      const [alone, helped] = await Promise.all(
        daemon.lines.map(async (line) => {
          const port = Number(/remote:localhost:(\d+)/.exec(line)?.[1]);
          return disposer.use(await DelayingRelay.to(port, roundTripMs / 2));
        }),
      );
      const accelerating = new ProbectlProcess(daemon.folder, ['accelerate', `127.0.0.1:${helped.port}`], {
        programs: programs.own,
      });
      const port = await portOf(accelerating, /remote:localhost:(\d+)/);
      const quickest = async (): Promise<number> => {
        const times: number[] = [];
        while (times.length < TRIES) times.push(await play({ recording, requests, port }));
        return Math.min(...times);
      };

      let [aloneMs, helpedMs] = [Infinity, Infinity];
      for (let round = 0; round < ROUNDS; round++) {
        // At the same time: what disturbs one of them disturbs the other.
        const [once, several] = await Promise.all([play({ recording, requests, port: alone.port }), quickest()]);
        [aloneMs, helpedMs] = [Math.min(aloneMs, once), Math.min(helpedMs, several)];
        if (aloneMs >= TIMES_SHORTER * helpedMs) break;
      }

      assert.equal((await accelerating.interrupt()).code, 0);
      assert(aloneMs >= requests * roundTripMs, 'the relay delays');
      assert(aloneMs >= TIMES_SHORTER * helpedMs, `${aloneMs} ms alone, ${helpedMs} ms with the helper`);
    });
  }
});
