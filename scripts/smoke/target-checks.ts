// What is done with the target: the requests a stock client sends, in the same order.

import { CORE_DEBUG, DHCSR } from '../../src/dap/core-debug.js';
import { DP, MEM_AP } from '../../src/dap/registers.js';
import type { TestClient } from '../../test/support/test-client.js';

/** Words that are written to RAM and read back. */
const WORDS = 256;
/** Clears the sticky flags, too: whatever failed before. */
const ABORT_CLEAR = 0x1e;

/** SWD, line reset, JTAG-to-SWD, line reset, idle: IHI 0031 B5.2.1. @returns DPIDR, as text */
export async function readDpidr(client: TestClient): Promise<string> {
  await client.result('connect', 'SWD');
  for (const [length, bits] of [
    [51, 2 ** 51 - 1],
    [16, 0xe79e],
    [51, 2 ** 51 - 1],
    [8, 0],
  ])
    await client.result('swj_sequence', length, bits);
  return hex(await client.result('read_dp', DP.DPIDR));
}

/** Asks for power and waits for it. */
export async function powerUp(client: TestClient): Promise<string> {
  await client.result('write_dp', DP.ABORT, ABORT_CLEAR);
  await client.result('write_dp', DP.SELECT, 0);
  await client.result('write_dp', DP.CTRL_STAT, 0x50000f00);
  for (let tries = 0; tries < 100; tries++) {
    const state = Number(await client.result('read_dp', DP.CTRL_STAT));
    if (state >>> 28 === 0xf) return `CTRL/STAT ${hex(state)}`;
  }
  throw new Error('the target does not acknowledge power');
}

/** Halts a Cortex-M, writes a pattern to its RAM and reads it back; memory and core are left as they were. */
export async function tryRam(client: TestClient, address: number): Promise<string> {
  await client.result('write_ap', MEM_AP.CSW, 0x23000012); // words, TAR advances
  const [control] = await readWords(client, CORE_DEBUG.DHCSR, 1);
  await writeCoreControl(client, DHCSR.C_DEBUGEN | DHCSR.C_HALT);
  try {
    return await tryWords(client, address);
  } finally {
    await client.result('write_dp', DP.ABORT, ABORT_CLEAR);
    await writeCoreControl(client, control & 0xf);
  }
}

/** @param bits  3..0 of DHCSR: C_MASKINTS, C_STEP, C_HALT, C_DEBUGEN */
async function writeCoreControl(client: TestClient, bits: number): Promise<void> {
  await writeWords(client, CORE_DEBUG.DHCSR, [((DHCSR.KEY << 16) | bits) >>> 0]);
}

async function tryWords(client: TestClient, address: number): Promise<string> {
  const before = await readWords(client, address);
  const pattern = before.map((_, i) => (Math.imul(i + 1, 0x9e3779b1) ^ 0x5aa5a55a) >>> 0);
  const started = performance.now();
  await writeWords(client, address, pattern);
  const after = await readWords(client, address);
  const ms = performance.now() - started;
  await writeWords(client, address, before);
  const wrong = after.findIndex((word, i) => word !== pattern[i]);
  if (wrong >= 0)
    throw new Error(`at ${hex(address + 4 * wrong)}: wrote ${hex(pattern[wrong])}, read ${hex(after[wrong])}`);
  return `${WORDS} words at ${hex(address)} written and read back in ${ms.toFixed(0)} ms`;
}

async function writeWords(client: TestClient, address: number, words: readonly number[]): Promise<void> {
  await client.result('write_ap', MEM_AP.TAR, address);
  await client.result('write_ap_multiple', MEM_AP.DRW, words);
}

async function readWords(client: TestClient, address: number, count = WORDS): Promise<number[]> {
  await client.result('write_ap', MEM_AP.TAR, address);
  return (await client.result('read_ap_multiple', MEM_AP.DRW, count)) as number[];
}

function hex(value: unknown): string {
  return `0x${Number(value).toString(16).padStart(8, '0')}`;
}
