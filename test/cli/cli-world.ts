import { PassThrough, Readable } from 'node:stream';
import { systemClock } from '../../src/base/clock.js';
import { probectl } from '../../src/cli/probectl.js';
import type { System } from '../../src/cli/doctor/system.js';
import { loadHosts } from '../../src/config/client-config.js';
import { noSocketOptions } from '../../src/platform/socket-options.js';
import type { World } from '../../src/cli/world.js';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The date of all tests: an hour after what FakeDaemon says things began. */
export const NOW = new Date('2026-01-01T01:00:00.000Z');

/** A machine with nothing on it. */
export function emptySystem(more: Partial<System> = {}): System {
  return {
    platform: 'linux',
    nodeVersion: '22.1.0',
    userName: 'ada',
    isRoot: false,
    groupIds: [1000],
    readText: async () => undefined,
    findGroup: async () => undefined,
    list: async () => undefined,
    readLink: async () => undefined,
    access: async () => 'missing',
    groupIdOf: async () => undefined,
    ...more,
  };
}

/** Runs probectl in this process, as on no terminal. */
export async function run(socket: string, args: readonly string[], more: Partial<World> = {}): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const code = await probectl({
    ...emptyWorld(socket, more),
    args,
    stdout: { write: (text) => void (stdout += text), isTerminal: false, columns: undefined },
    stderr: { write: (text) => void (stderr += text), isTerminal: false, columns: undefined },
    ...more,
  });
  return { code, stdout, stderr };
}

/** What probectl sees of a machine with nothing on it, but perhaps a daemon. */
export function emptyWorld(socket: string, more: Partial<World> = {}): World {
  const nowhere = { write: () => undefined, isTerminal: false, columns: undefined };
  return {
    args: [],
    env: {},
    stdout: nowhere,
    stderr: nowhere,
    clock: { ...systemClock, date: () => NOW },
    signal: new AbortController().signal,
    version: '0.2.0',
    sockets: [socket],
    hostFiles: [],
    namedHosts: async () => loadHosts(more.hostFiles ?? []),
    browse: async () => [],
    stdio: { stdin: Readable.from([]), stdout: new PassThrough() },
    onSignal: () => ({ [Symbol.dispose]: () => undefined }),
    loadSocketOptions: async () => noSocketOptions,
    system: emptySystem(),
    ...more,
  };
}
