// What is done with the target: the requests a stock client sends, in the same order.

import { DP, MEM_AP } from '../../src/dap/registers.js';
import type { TestClient } from '../../test/support/test-client.js';

/** Words that are written to RAM and read back. */
const WORDS = 256;

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
  await client.result('write_dp', DP.ABORT, 0x1e);
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
  await writeWord(client, 0xe000edf0, 0xa05f0003); // DHCSR: C_HALT, C_DEBUGEN
  const before = await readWords(client, address);
  const pattern = before.map((_, i) => (Math.imul(i + 1, 0x9e3779b1) ^ 0x5aa5a55a) >>> 0);
  const started = performance.now();
  await writeWords(client, address, pattern);
  const after = await readWords(client, address);
  const ms = performance.now() - started;
  await writeWords(client, address, before);
  await writeWord(client, 0xe000edf0, 0xa05f0001);
  const wrong = after.findIndex((word, i) => word !== pattern[i]);
  if (wrong >= 0)
    throw new Error(`at ${hex(address + 4 * wrong)}: wrote ${hex(pattern[wrong])}, read ${hex(after[wrong])}`);
  return `${WORDS} words at ${hex(address)} written and read back in ${ms.toFixed(0)} ms`;
}

async function writeWord(client: TestClient, address: number, word: number): Promise<void> {
  await client.result('write_ap', MEM_AP.CSW, 0x23000012); // words, TAR advances
  await client.result('write_ap', MEM_AP.TAR, address);
  await client.result('write_ap', MEM_AP.DRW, word);
}

async function writeWords(client: TestClient, address: number, words: readonly number[]): Promise<void> {
  await client.result('write_ap', MEM_AP.TAR, address);
  await client.result('write_ap_multiple', MEM_AP.DRW, words);
}

async function readWords(client: TestClient, address: number): Promise<number[]> {
  await client.result('write_ap', MEM_AP.TAR, address);
  return (await client.result('read_ap_multiple', MEM_AP.DRW, WORDS)) as number[];
}

function hex(value: unknown): string {
  return `0x${Number(value).toString(16).padStart(8, '0')}`;
}
