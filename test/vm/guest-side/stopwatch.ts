// Measures inside the guest, by the guest's clock: how long after the kernel's own event a client sees what came of it.
// On an emulated processor the host's clock says nothing.

import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectSwd } from '../../support/connect-swd.js';
import { TestClient } from '../../support/test-client.js';
import type { Operations } from './agent.js';

/** A client that is not served yet looks again after so long. */
const LOOK_MS = 10;
const CTRL_STAT = 4;
const KERNEL_LOG = '/dev/kmsg';
const MARK = 'probed-stopwatch';
/** How far the two clocks may be misjudged against each other. */
const CLOCK_SLACK = 0.1;

/** Seconds of CLOCK_MONOTONIC. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}

/** Waits until a probe on this port can be opened, and reads DPIDR. @returns when both were done, and what was read */
async function untilServed({ port, timeoutMs }: { port: number; timeoutMs: number }): Promise<object> {
  const deadline = now() + timeoutMs / 1000;
  await using client = await untilConnected(port, deadline);
  for (;;) {
    const { status, error } = await client.request('open');
    if (status === 0) break;
    if (now() > deadline) throw new Error(`port ${port} could not be opened within ${timeoutMs} ms: ${error}`);
    await sleep(LOOK_MS);
  }
  const openedAt = now();
  const dpidr = await connectSwd(client);
  return { openedAt, at: now(), dpidr };
}

/** Of a probe that has never been seen the port does not listen yet. */
async function untilConnected(port: number, deadline: number): Promise<TestClient> {
  for (;;) {
    try {
      return await TestClient.connect(port);
    } catch (error) {
      if (now() > deadline) throw error;
      await sleep(LOOK_MS);
    }
  }
}

/** Reads until a read fails. @returns when, with which status, and how many reads were right */
async function untilRefused({ port }: { port: number }): Promise<object> {
  await using client = await TestClient.connect(port);
  await client.result('open');
  await connectSwd(client);
  for (let reads = 0; ; reads++) {
    const { status, error } = await client.request('read_dp', CTRL_STAT);
    if (status !== 0) return { at: now(), status, error, reads };
  }
}

/**
 * The first line of the kernel's log that holds `text`, not before `since`.
 *
 * @returns  when the kernel wrote it, in seconds of CLOCK_MONOTONIC
 */
async function kernelEvent({ text, since }: { text: string; since: number }): Promise<number> {
  const before = now();
  // Without its line feed the kernel would wait for more of the line before it shows it.
  fs.writeFileSync(KERNEL_LOG, `${MARK} ${before}\n`);
  const lines = readKernelLog();
  // The log has a clock of its own, some milliseconds off. The mark was made a little after `before`: what is measured
  // from an event of the kernel comes out too long by that, never too short.
  const mark = lines.find((line) => line.text.includes(`${MARK} ${before}`));
  if (!mark) throw new Error('the kernel log does not hold what was written to it');
  const offset = before - mark.at;
  const found = lines.find((line) => line.at + offset >= since - CLOCK_SLACK && line.text.includes(text));
  if (!found) throw new Error(`the kernel log holds no "${text}" since ${since}`);
  return found.at + offset;
}

/** Records of /dev/kmsg: "priority,sequence,microseconds,flags;text". */
function readKernelLog(): { readonly at: number; readonly text: string }[] {
  const log = fs.openSync(KERNEL_LOG, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  const record = Buffer.alloc(8192);
  const lines: { at: number; text: string }[] = [];
  try {
    for (;;) {
      const line = record.toString('utf8', 0, fs.readSync(log, record));
      lines.push({ at: Number(line.split(',', 3)[2]) / 1e6, text: line.slice(line.indexOf(';') + 1) });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error; // EAGAIN: that was all
    return lines;
  } finally {
    fs.closeSync(log);
  }
}

export const operations: Operations = { untilServed, untilRefused, kernelEvent, now: async () => now() };
