import assert from 'node:assert/strict';
import process from 'node:process';
import { DPIDR, emulatedProbe } from '../emulated-probe.js';
import { byExtent } from '../extent.js';
import { GuestDaemon, type ProcessFigures } from '../guest-daemon.js';
import { USB_SOCKETS } from '../machine.js';
import { Random } from '../random.js';
import { figure, scenario, SHORT } from '../scenario.js';

const CYCLES = byExtent({ short: 20, full: 20, soak: 200 });
/** Until then everything has been loaded and compiled that is needed. */
const WARM_AFTER = 5;
/** V8 lets the young generation grow before it cleans up: 10 MB after 20 cycles were seen; a leak shows in the long run. */
const MAX_GROWTH_MB = 24;
const TIMEOUT_MS = 60_000 + CYCLES * 30_000;

describe('four probes, plugged and unplugged in random order', () => {
  const seed = Number(process.env.VM_SEED ?? Math.trunc(Math.random() * 2 ** 32));

  scenario(
    `are all served, each on its port, and leave nothing behind ${SHORT}`,
    async (vm) => {
      figure('cycles', `${CYCLES}, VM_SEED=${seed}`);
      console.log(`      VM_SEED=${seed}`);
      const random = new Random(seed);
      const daemon = await GuestDaemon.start(vm);
      const probes = ['v1', 'v2', 'both', 'both'].map((transports, i) =>
        emulatedProbe({ uid: `CYCLE${i}`, transports: transports as 'v1' | 'v2' | 'both' }),
      );
      const ports = new Map<string, number>();
      let warm: ProcessFigures | undefined;

      for (let cycle = 0; cycle < CYCLES; cycle++) {
        const sockets = random.shuffled(Array.from({ length: USB_SOCKETS }, (_, i) => i + 1));
        const plugged = [];
        for (const probe of random.shuffled(probes)) plugged.push(await vm.plug(probe, sockets.pop() ?? 0));
        const rows = await daemon.probes(
          (all) => all.filter(({ state }) => state === 'ready').length === 4,
          'all are ready',
        );
        for (const { uid, port = 0 } of rows) {
          assert.equal(port, ports.get(uid) ?? port, `${uid} has kept its port`);
          ports.set(uid, port);
        }
        assert.equal(new Set(ports.values()).size, probes.length, 'each has a port of its own');
        const served = await Promise.all([...ports.values()].map((port) => vm.stopwatch.untilServed(port)));
        assert.deepEqual(
          served.map(({ dpidr }) => dpidr),
          Array(probes.length).fill(DPIDR),
        );

        for (const device of random.shuffled(plugged)) device[Symbol.dispose]();
        await daemon.probes(
          (all) => all.every(({ state, clients }) => state === 'absent' && clients === 0),
          'all are absent',
        );
        if (cycle === Math.min(WARM_AFTER, CYCLES - 2)) warm = await daemon.figures();
      }

      const end = await daemon.figures();
      assert.ok(warm);
      figure(
        `after ${WARM_AFTER} and after ${CYCLES} cycles`,
        [warm, end]
          .map((f) => `${f.descriptors} descriptors, ${f.threads} threads, ${f.residentMb.toFixed(1)} MB`)
          .join('; '),
      );
      assert.equal(end.descriptors, warm.descriptors);
      assert.equal(end.threads, warm.threads);
      assert.ok(
        end.residentMb - warm.residentMb < MAX_GROWTH_MB,
        `grew from ${warm.residentMb} to ${end.residentMb} MB`,
      );
    },
    TIMEOUT_MS,
  );
});
