import type { TestClient } from './test-client.js';

const ones = 2 ** 51 - 1;
/** Line reset, JTAG-to-SWD, line reset, idle: IHI 0031 B5.2.1. Lengths in bits, and bits, least significant first. */
export const switchToSwd = [
  [51, ones],
  [16, 0xe79e],
  [51, ones],
  [8, 0],
] as const;

/** Connects a client that has the probe open to its target. @returns DPIDR, which must be read first */
export async function connectSwd(client: TestClient): Promise<unknown> {
  await client.result('connect', 'SWD');
  for (const sequence of switchToSwd) await client.result('swj_sequence', ...sequence);
  return client.result('read_dp', 0);
}
