#!/usr/bin/env node
// probed's composition root: `run` shows what the daemon is made of. With cli/main.ts the one place that touches the
// process; what opens files, USB and the control socket for it is in main/.

import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { systemClock, waitAtMost } from './base/clock.js';
import { Disposer } from './base/disposer.js';
import { describeError } from './base/errors.js';
import type { Logger } from './base/logger.js';
import { type LogLineFormat, openLog } from './base/winston-logger.js';
import { parseCommandLine } from './config/command-line.js';
import { ConfigError, UsageError } from './config/config-error.js';
import type { Config } from './config/config.js';
import { ExitCode } from './config/exit-codes.js';
import { loadConfig } from './config/load-config.js';
import { defaultPaths } from './config/paths.js';
import { EventHistory } from './control/event-history.js';
import { pyocdCommand } from './control/pyocd-command.js';
import { Advertising } from './daemon/advertising.js';
import { Daemon } from './daemon/daemon.js';
import { AccessPolicy } from './daemon/access-policy.js';
import { groupProblem } from './daemon/group-problem.js';
import { LocalAccess } from './daemon/local-access.js';
import { LoopDelay } from './daemon/loop-delay.js';
import type { ServerServices } from './daemon/server-services.js';
import { ServiceNotifier } from './daemon/service-notifier.js';
import { Supervisor } from './daemon/supervisor.js';
import type { Advertiser } from './discovery/advertiser.js';
import { auditSettings, openAudit, openBook, openReservations } from './main/kept-files.js';
import { openBus } from './main/open-bus.js';
import { openControl } from './main/open-control.js';
import { findServiceManager, watchdogTimeoutMs } from './platform/service-manager.js';
import { loadSocketOptions } from './platform/socket-options.js';
import { SocketOwners } from './platform/socket-owners.js';
import { Users } from './platform/users.js';
import { probeDrivers } from './probe/drivers.js';
import { compileProbeRequests } from './server/probe-requests.js';
import { parseProbeOptions } from './sim/probe-options.js';
import { simulatedTargets } from './sim/simulated-targets.js';

/** A process that a signal ends exits with 128 + the signal's number, by custom of the shell. */
const stopSignals = { SIGINT: 130, SIGTERM: 143 } as const;
const version = packageVersion();

async function main(): Promise<void> {
  const commandLine = parseCommandLine(process.argv.slice(2), version);
  if (commandLine.action === 'print') {
    process.stdout.write(`${commandLine.text}\n`);
    return;
  }
  const { platform, arch, env } = process;
  const paths = defaultPaths({ platform, arch, env, isRoot: process.geteuid?.() === 0 });
  const families = probeDrivers.map(({ family }) => family);
  const { configFile, ...settings } = commandLine.settings;
  // In full: who reads of it in probectl, or in the journal, is in another directory.
  const named = configFile === undefined ? settings : { ...settings, configFile: path.resolve(configFile) };
  const load = (): Config => loadConfig({ commandLine: named, paths, families, simulatedProblem });
  const config = load();
  if (commandLine.action === 'check-config') {
    process.stdout.write(`${config.file ?? 'no config file'}: nothing is wrong with the config\n`);
    const problem = await groupProblem(config.access.localGroup, new Users());
    if (problem) process.stderr.write(`probed: on this machine: ${problem.what}: ${problem.remedy}\n`);
    return;
  }
  await run(config, load);
  process.exit(); // a request that outlived the grace does not keep us
}

/** Serves until a signal comes. */
async function run(config: Config, load: () => Config): Promise<void> {
  const stop = stopSignal();
  await using output = openLog({ ...logOptions(config), stream: process.stderr, clock: systemClock });
  const { log } = output;
  await using bus = await openBus(config, { platform: process.platform, log });
  const events = new EventHistory(systemClock);
  await using audit = openAudit(config, version, log);
  events.subscribe((event) => audit.note(event));
  await using book = await openBook(config, log);
  await using reservations = await openReservations(config, log, events);
  const users = new Users();
  const local = new LocalAccess({ owners: new SocketOwners(), users, log, rules: config.access });
  const access = new AccessPolicy({ config, local, clock: systemClock });
  const supervisor = new Supervisor({
    ...{ bus, book, config },
    services: { ...(await serverServices(log)), access, reservations },
    onEvent: (event) => events.add(event),
  });
  using loopDelay = new LoopDelay(systemClock);
  const daemon = new Daemon({
    ...{ version, pid: process.pid, since: systemClock.date(), supervisor, book, reservations, audit, events, log },
    users,
    local,
    loadConfig: load,
    onConfigured: (next) => {
      output.setLevel(next.log.level);
      audit.configure(auditSettings(next));
      reservations.configure({ longestMs: next.access.longestReservationMs });
    },
    loopDelayMs: () => loopDelay.p99Ms,
  });
  // Before any port is opened: a second daemon stops here, and has harmed nothing.
  await using atEnd = new Disposer();
  atEnd.use(await openControl(config, { daemon, local, log, process }));
  atEnd.defer(() => stopServing(supervisor));
  await supervisor.start();
  await local.look();
  loopDelay.begin(); // nobody waits for us while we start up
  const machine = { hostname, interfaces: networkInterfaces };
  const loadAdvertiser = (): Promise<Advertiser> => openAdvertiser(log);
  atEnd.use(new Advertising({ supervisor, book, events, clock: systemClock, log, machine, loadAdvertiser }));
  using notifier = await notifyServiceManager(supervisor, events, log);

  if (config.simulate.length > 0) announce(supervisor, daemon, config);
  process.on('SIGHUP', () => reload(daemon, log));
  const signal = await stop;
  log.info('stopping', { signal });
  notifier.stopping(supervisor.config.limits.shutdownGraceMs);
  events.add({ type: 'stopping' });
}

function simulatedProblem(options: readonly string[]): string | undefined {
  try {
    parseProbeOptions(options);
    return undefined;
  } catch (error) {
    return describeError(error);
  }
}

/** Where lines go to the journal, it adds time and level by itself (systemd.exec(5), JOURNAL_STREAM). */
function logOptions({ log: { level, format } }: Config): {
  level: Config['log']['level'];
  format: LogLineFormat;
  colour: boolean;
} {
  const auto = process.env.JOURNAL_STREAM === undefined ? 'text' : 'journal';
  const colour = process.stderr.isTTY && (process.env.NO_COLOR ?? '') === '';
  return { level, format: format === 'auto' ? auto : format, colour };
}

async function serverServices(log: Logger): Promise<Omit<ServerServices, 'access' | 'reservations'>> {
  let clientIds = 0;
  return {
    ...{ clock: systemClock, log, crash },
    socketOptions: await loadSocketOptions(log),
    table: compileProbeRequests(),
    newClientId: () => ++clientIds,
  };
}

/** Loaded only where other machines may connect. In the bundle too it is a file of its own. */
async function openAdvertiser(log: Logger): Promise<Advertiser> {
  const { Advertiser } = await import('./discovery/advertiser.js');
  return new Advertiser({ clock: systemClock, log, interfaces: networkInterfaces });
}

/** Says that the daemon is ready, and from then on how it goes. */
async function notifyServiceManager(
  supervisor: Supervisor,
  events: EventHistory,
  log: Logger,
): Promise<ServiceNotifier> {
  const watchdogMs = watchdogTimeoutMs(process.env, process.pid);
  const notifier = new ServiceNotifier({
    manager: await findServiceManager(process.env, log),
    ...{ clock: systemClock, events },
    ...(watchdogMs !== undefined && { watchdogMs }),
    probes: () => supervisor.entries.map(({ state, served }) => ({ state, clients: served?.server.clientCount ?? 0 })),
  });
  notifier.ready();
  return notifier;
}

async function stopServing(supervisor: Supervisor): Promise<void> {
  const { limits } = supervisor.config; // of now: it may have been reloaded
  await waitAtMost(limits.shutdownGraceMs, supervisor[Symbol.asyncDispose](), systemClock);
}

/** One line for each probe: where it is served, and the command that uses it. */
function announce(supervisor: Supervisor, daemon: Daemon, { simulate }: Config): void {
  for (const { failure } of supervisor.entries) if (failure) throw failure;
  const targets = simulatedTargets(simulate.map(({ options }) => options));
  const byUid = [...daemon.probes()].sort((a, b) => a.uid.localeCompare(b.uid));
  for (const { uid, addresses, port, target = targets.get(uid) } of byUid) {
    if (addresses.length === 0 || port === undefined) continue;
    const command = pyocdCommand({ uid, addresses, port, ...(target !== undefined && { target }) });
    process.stdout.write(`${uid} is served on ${addresses.join(' ')}: ${command}\n`);
  }
}

/** What SIGHUP asks for. What comes of it is in the log. */
function reload(daemon: Daemon, log: Logger): void {
  daemon.reload(false).catch((error: unknown) => log.error('config not reloaded', { error }));
}

/** A failed assertion is a mistake in the program: better started anew by the service manager than served on with. */
function crash(error: Error): void {
  process.stderr.write(`probed: ${error.stack ?? error.message}\n`);
  process.exit(ExitCode.Failure);
}

/** Resolves at the first signal that asks to stop; the second one ends the process at once. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const [signal, exitCode] of Object.entries(stopSignals)) {
      process.on(signal, () => {
        if (isStopping) process.exit(exitCode);
        isStopping = true;
        resolve(signal);
      });
    }
  });
}

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

main().catch((error: unknown) => {
  const isMistake = error instanceof UsageError || error instanceof ConfigError;
  const text = isMistake ? error.message : describeError(error);
  process.stderr.write(
    `${text
      .split('\n')
      .map((line) => `probed: ${line}`)
      .join('\n')}\n`,
  );
  process.exitCode = isMistake ? ExitCode.Usage : ExitCode.Failure;
});
