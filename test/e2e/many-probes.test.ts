import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { DaemonProcess } from '../support/daemon-process.js';

const PROBES = 64;
/** Twice what `npm run bench:idle` asks for: a test machine is busy with other tests. */
const MAX_MS = 4000;

describe(`${PROBES} probes`, () => {
  it('are all served soon after the daemon sees the first, each on a port of its own', async () => {
    await using daemon = await DaemonProcess.serving(PROBES);

    const times = [...daemon.stderr.matchAll(/^(\S+) info {2}probe (?:attached|served) /gm)].map(([, at]) =>
      Date.parse(at),
    );
    assert.equal(times.length, 2 * PROBES);
    assert.ok(Math.max(...times) - Math.min(...times) < MAX_MS);
    assert.equal(new Set(daemon.ports).size, PROBES);
  });

  it('cost less than 1 MB each', async function () {
    if (process.platform !== 'linux') this.skip(); // proc(5)
    this.timeout(60_000);
    await using one = await DaemonProcess.serving(1);
    await using many = await DaemonProcess.serving(PROBES);

    assert.ok(residentKb(many) - residentKb(one) < PROBES * 1024);
  });
});

/** Resident memory: proc(5) status, VmRSS. */
function residentKb({ process: { pid = 0 } }: DaemonProcess): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
