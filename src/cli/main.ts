#!/usr/bin/env node
// probectl's composition root.

import { readFileSync } from 'node:fs';
import { networkInterfaces, userInfo } from 'node:os';
import path from 'node:path';
import { isatty } from 'node:tty';
import { systemClock } from '../base/clock.js';
import { describeError, systemErrorCode } from '../base/errors.js';
import { silentLogger } from '../base/logger.js';
import { defaultPaths } from '../config/paths.js';
import type { SocketOptions } from '../platform/socket-options.js';
import type { NamedHost } from '../config/client-config.js';
import type { DiscoveredProbe } from '../discovery/browse.js';
import { nodeSystem } from './doctor/node-system.js';
import { ExitCode } from './exit-codes.js';
import { probectl } from './probectl.js';
import { nodeServiceMachine } from './service/node-service-machine.js';
import type { Output } from './world.js';

const interrupt = new AbortController();
const stop = (): void => interrupt.abort();
process.once('SIGINT', stop);
// `probectl events | head`: who read enough has left, and there is nobody to tell.
process.stdout.on('error', (error) => {
  if (systemErrorCode(error) === 'EPIPE') process.exit();
  process.stderr.write(`probectl: standard output: ${describeError(error)}\n`); // such as a disk that is full
  process.exit(ExitCode.Failure);
});
// Nobody reads what we say of it: what we do goes on, such as the command of `run`.
process.stderr.on('error', () => undefined);

function output(stream: NodeJS.WriteStream, descriptor: number): Output {
  return {
    write: (text) => stream.write(text),
    isTerminal: isatty(descriptor),
    get columns() {
      return isatty(descriptor) ? stream.columns : undefined;
    },
  };
}

/**
 * All that is wrong with the config. The reader of config files is loaded only here: no other command needs it.
 * @param file  the one the daemon reads; without it, where it would look
 */
async function checkConfig(file?: string): Promise<readonly string[]> {
  const { configComplaints } = await import('./doctor/config-complaints.js');
  return configComplaints(paths, file);
}

/** The reader of TOML is loaded only here: most commands do not need it. */
async function namedHosts(): Promise<ReadonlyMap<string, NamedHost>> {
  const { loadHosts } = await import('../config/client-config.js');
  return loadHosts(paths.hostFiles);
}

/** In the bundle too it is a file of its own, loaded only here. */
async function browse(signal: AbortSignal): Promise<readonly DiscoveredProbe[]> {
  const { browse: ask } = await import('../discovery/browse.js');
  return ask({ clock: systemClock, interfaces: networkInterfaces, signal });
}

function onSignal(listener: (signal: NodeJS.Signals) => void): Disposable {
  const signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  process.off('SIGINT', stop);
  for (const signal of signals) process.on(signal, listener);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) process.off(signal, listener);
      process.once('SIGINT', stop);
    },
  };
}

/** Native code is loaded only by the commands that listen. */
async function loadSocketOptions(): Promise<SocketOptions> {
  const { loadSocketOptions: load } = await import('../platform/socket-options.js');
  return load(silentLogger);
}

/** The name in the password file, which need not have one. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? '$USER';
  }
}

const isRoot = process.geteuid?.() === 0;
const { platform, arch, env } = process;
const paths = defaultPaths({ platform, arch, env, isRoot });
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

process.exitCode = await probectl({
  args: process.argv.slice(2),
  env,
  stdout: output(process.stdout, 1),
  stderr: output(process.stderr, 2),
  clock: systemClock,
  signal: interrupt.signal,
  version,
  sockets: paths.controlSockets,
  hostFiles: paths.hostFiles,
  namedHosts,
  browse,
  stdio: { stdin: process.stdin, stdout: process.stdout },
  onSignal,
  loadSocketOptions,
  checkConfig,
  service: {
    packageFolder: path.join(import.meta.dirname, '../..'),
    node: process.execPath,
    machine: nodeServiceMachine,
  },
  system: nodeSystem({
    platform,
    nodeVersion: process.versions.node,
    userName: userName(),
    isRoot,
    groupIds: process.getgroups?.() ?? [],
  }),
});
