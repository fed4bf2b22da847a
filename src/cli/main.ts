#!/usr/bin/env node
// probectl's composition root.

import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { isatty } from 'node:tty';
import { systemClock } from '../base/clock.js';
import { nodeSystem } from './doctor/node-system.js';
import { probectl } from './probectl.js';
import type { Output } from './world.js';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
// `probectl events | head`: who read enough has left, and there is nobody to tell.
process.stdout.on('error', () => process.exit());

function output(stream: NodeJS.WriteStream, descriptor: number): Output {
  return {
    write: (text) => stream.write(text),
    isTerminal: isatty(descriptor),
    get columns() {
      return isatty(descriptor) ? stream.columns : undefined;
    },
  };
}

/** Where a daemon of this user's, then the system's, has its socket. */
function usualSockets(): readonly string[] {
  if (process.platform === 'darwin') {
    return ['/opt/homebrew', '/usr/local'].map((prefix) => path.join(prefix, 'var/run/probed/control.sock'));
  }
  const own = process.env.XDG_RUNTIME_DIR;
  return [...(own ? [path.join(own, 'probed/control.sock')] : []), '/run/probed/control.sock'];
}

/** The name in the password file, which need not have one. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env.USER ?? '$USER';
  }
}

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

process.exitCode = await probectl({
  args: process.argv.slice(2),
  env: process.env,
  stdout: output(process.stdout, 1),
  stderr: output(process.stderr, 2),
  clock: systemClock,
  signal: interrupt.signal,
  version,
  sockets: usualSockets(),
  system: nodeSystem({
    platform: process.platform,
    nodeVersion: process.versions.node,
    userName: userName(),
    isRoot: process.geteuid?.() === 0,
    groupIds: process.getgroups?.() ?? [],
  }),
});
