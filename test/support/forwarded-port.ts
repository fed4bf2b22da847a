// A port that probectl opens for a probe, as its user finds it.

import { once } from 'node:events';
import { connect } from 'node:net';
import type { ProbectlProcess } from './probectl-process.js';
import { TestClient } from './test-client.js';

/** IDR of the simulated board's debug port. */
export const DPIDR = 0x0bc11477;

/** @param pattern  of what probectl prints; its first group is the port */
export async function portOf(printed: ProbectlProcess, pattern: RegExp): Promise<number> {
  return Number((await printed.matched(pattern))[1]);
}

/** Opens, connects and reads DPIDR. */
export async function readDpidr(port: number): Promise<unknown> {
  await using client = await TestClient.connect(port);
  const value = await openInSwd(client);
  await client.result('close');
  return value;
}

/** @returns DPIDR */
export async function openInSwd(client: TestClient): Promise<unknown> {
  await client.result('hello', 1);
  await client.result('open');
  await client.result('connect', 'SWD');
  for (const [length, bits] of [
    [51, 0x7ffffffffffff],
    [16, 0xe79e],
    [51, 0x7ffffffffffff],
    [8, 0],
  ]) {
    await client.result('swj_sequence', length, bits);
  }
  return await client.result('read_dp', 0);
}

export async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}
