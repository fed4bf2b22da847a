#!/usr/bin/env node
// probed's composition root: the one place, with cli/main.ts, that touches the process, the file system and USB.

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { systemClock } from './base/clock.js';
import { describeError, RequestError } from './base/errors.js';
import { openLog } from './base/winston-logger.js';
import { parseCommandLine, UsageError } from './config/command-line.js';
import type { Config } from './config/config.js';
import { type ProbeStatus, Supervisor } from './daemon/supervisor.js';
import { loadSocketOptions } from './platform/socket-options.js';
import { simulatedBus } from './sim/simulated-bus.js';
import type { UsbBus } from './usb/usb-bus.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
/** A process that a signal ends exits with 128 + the signal's number, by custom of the shell. */
const signals = { SIGINT: 130, SIGTERM: 143 } as const;

async function main(): Promise<void> {
  const commandLine = parseCommandLine(process.argv.slice(2), packageVersion());
  if (commandLine.action === 'print') {
    process.stdout.write(`${commandLine.text}\n`);
    return;
  }
  await run(commandLine.config);
}

/** Serves until a signal comes. */
async function run(config: Config): Promise<void> {
  const stop = stopSignal();
  await using bus = openBus(config);
  await using output = openLog({ level: config.logLevel, stream: process.stderr });
  const { log } = output;
  await using supervisor = await Supervisor.start({
    bus,
    config,
    clock: systemClock,
    log,
    socketOptions: await loadSocketOptions(log),
    crash,
  });

  const failed = supervisor.probes.find(({ state }) => state === 'failed');
  if (failed?.error) throw failed.error;
  for (const probe of supervisor.probes) process.stdout.write(`${announcement(probe)}\n`);

  log.info('stopping', { signal: await stop });
}

/** The bus whose probes are served. */
function openBus({ simulate }: Config): UsbBus {
  if (simulate.length === 0)
    throw new UsageError('nothing to serve: this version has simulated probes only, add --simulate');
  try {
    return simulatedBus(
      simulate.map(({ options }) => options),
      systemClock,
    );
  } catch (error) {
    throw error instanceof RequestError ? new UsageError(`--simulate: ${error.message}`) : error;
  }
}

/** A failed assertion is a mistake in the program: better started anew by the service manager than served on with. */
function crash(error: Error): void {
  process.stderr.write(`probed: ${error.stack ?? error.message}\n`);
  process.exit(EXIT_FAILURE);
}

/** Resolves at the first signal that asks to stop; the second one ends the process at once. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const [signal, exitCode] of Object.entries(signals)) {
      process.on(signal, () => {
        if (stopping) process.exit(exitCode);
        stopping = true;
        resolve(signal);
      });
    }
  });
}

/** "SIM0001 is served on 127.0.0.1:5555 [::1]:5555: pyocd cmd -u remote:localhost:5555 -t cortex_m" */
function announcement({ uid, addresses, port }: ProbeStatus): string {
  const isLocal = addresses.some((address) => /^(127\.|0\.0\.0\.0|\[::1?\])/.test(address));
  const host = isLocal ? 'localhost' : (addresses[0] ?? 'localhost').replace(/:\d+$/, '');
  return `${uid} is served on ${addresses.join(' ')}: pyocd cmd -u remote:${host}:${port} -t cortex_m`;
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError;
  process.stderr.write(`probed: ${isUsage ? error.message : describeError(error)}\n`);
  process.exitCode = isUsage ? EXIT_USAGE : EXIT_FAILURE;
});
