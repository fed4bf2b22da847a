#!/usr/bin/env node
// probed's composition root: the one place, with cli/main.ts, that touches the process, the file system and USB.

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { systemClock, waitAtMost } from './base/clock.js';
import { Disposer } from './base/disposer.js';
import { holderOf } from './base/file-holder.js';
import { describeError, UnsupportedError } from './base/errors.js';
import type { Logger } from './base/logger.js';
import { machineFiles } from './base/machine-files.js';
import { type LogLineFormat, openLog } from './base/winston-logger.js';
import { parseCommandLine } from './config/command-line.js';
import { ConfigError, UsageError } from './config/config-error.js';
import type { AuditSettings, Config } from './config/config.js';
import { ExitCode } from './config/exit-codes.js';
import { loadConfig } from './config/load-config.js';
import { defaultPaths } from './config/paths.js';
import { fixedPorts } from './config/probe-policy.js';
import { ControlServer } from './control/control-server.js';
import { EventHistory } from './control/event-history.js';
import { pyocdOptions } from './control/pyocd-options.js';
import { Advertising } from './daemon/advertising.js';
import { Daemon } from './daemon/daemon.js';
import { AccessPolicy } from './daemon/access-policy.js';
import { AuditLog } from './daemon/audit-log.js';
import { LocalAccess } from './daemon/local-access.js';
import { LoopDelay } from './daemon/loop-delay.js';
import { PortBook } from './daemon/port-book.js';
import { Reservations } from './daemon/reservations.js';
import type { ServerServices } from './daemon/server-services.js';
import { noFiles, type StateFiles, systemFiles } from './daemon/state-files.js';
import { ServiceNotifier } from './daemon/service-notifier.js';
import { Supervisor } from './daemon/supervisor.js';
import type { Advertiser } from './discovery/advertiser.js';
import { loadPeerUid } from './platform/peer-credentials.js';
import { findServiceManager, watchdogTimeoutMs } from './platform/service-manager.js';
import { loadSocketOptions } from './platform/socket-options.js';
import { SocketOwners } from './platform/socket-owners.js';
import { Users } from './platform/users.js';
import { probeDrivers } from './probe/drivers.js';
import { compileProbeRequests } from './server/probe-requests.js';
import { parseProbeOptions } from './sim/probe-options.js';
import { simulatedBus } from './sim/simulated-bus.js';
import type { NativeHid } from './usb/hid/native-hid.js';
import { openHid } from './usb/hid/open-hid.js';
import { LibusbBus } from './usb/libusb/libusb-bus.js';
import type { NativeUsb } from './usb/libusb/native.js';
import { OpeningSource } from './usb/libusb/opening-source.js';
import { SysfsSource } from './usb/libusb/sysfs-source.js';
import type { UsbBus } from './usb/usb-bus.js';

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
  await using bus = await openBus(config, log);
  const events = new EventHistory(systemClock);
  await using audit = openAudit(config, log);
  events.subscribe((event) => audit.note(event));
  await using book = await openBook(config, log);
  await using reservations = await openReservations(config, log, events);
  const local = new LocalAccess({ owners: new SocketOwners(), users: new Users(), log, rules: config.access });
  const access = new AccessPolicy({ config, local, clock: systemClock });
  const supervisor = new Supervisor({
    ...{ bus, book, config },
    services: { ...(await serverServices(log)), access, reservations },
    onEvent: (event) => events.add(event),
  });
  using loopDelay = new LoopDelay(systemClock);
  const daemon = new Daemon({
    ...{ version, pid: process.pid, since: systemClock.date(), supervisor, book, reservations, audit, events, log },
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
  const peerUid = await loadPeerUid(log);
  const operatorOf = async (socket: Socket): Promise<string | undefined> => {
    const uid = peerUid(socket);
    return uid === undefined ? undefined : local.principalOf(uid);
  };
  atEnd.use(await openControl(config, daemon, log, operatorOf));
  atEnd.defer(() => stopServing(supervisor));
  await supervisor.start();
  loopDelay.begin(); // nobody waits for us while we start up
  const machine = { hostname, interfaces: networkInterfaces };
  const loadAdvertiser = (): Promise<Advertiser> => openAdvertiser(log);
  atEnd.use(new Advertising({ supervisor, book, events, clock: systemClock, log, machine, loadAdvertiser }));
  using notifier = await notifyServiceManager(supervisor, events, log);

  if (config.simulate.length > 0) announce(supervisor, daemon);
  process.on('SIGHUP', () => reload(daemon, log));
  const signal = await stop;
  log.info('stopping', { signal });
  notifier.stopping(supervisor.config.limits.shutdownGraceMs);
  events.add({ type: 'stopping' });
}

/** The bus whose probes are served: the machine's own, unless there are simulated ones. */
async function openBus({ simulate }: Config, log: Logger): Promise<UsbBus> {
  if (simulate.length > 0) {
    return simulatedBus(
      simulate.map(({ options }) => options),
      systemClock,
    );
  }
  const isLinux = process.platform === 'linux';
  return LibusbBus.start({
    usb: await loadUsb(),
    startAnew,
    source: isLinux ? new SysfsSource() : new OpeningSource(),
    ...{ clock: systemClock, log, detachKernelDriver: isLinux },
    ...(isLinux ? { holderOf: describeHolder } : { openHid: (place) => openHid(loadHid, place, systemClock) }),
  });
}

/** Loaded only when it is needed: simulated probes do without libusb. */
async function loadUsb(): Promise<NativeUsb> {
  try {
    return (await import('usb')).usb;
  } catch (error) {
    throw new UnsupportedError('USB cannot be used (on Linux it takes the library libudev.so.1)', { cause: error });
  }
}

/** The same package once more: what is loaded again is initialised again, and has a libusb context of its own. */
function startAnew(): NativeUsb {
  const require = createRequire(import.meta.url);
  const folder = path.dirname(require.resolve('usb/package.json'));
  for (const file of Object.keys(require.cache))
    if (file.startsWith(folder + path.sep)) Reflect.deleteProperty(require.cache, file);
  return (require('usb') as { readonly usb: NativeUsb }).usb;
}

/** Loaded at the first use: on Linux never. */
async function loadHid(): Promise<NativeHid> {
  return import('node-hid');
}

/** Who has a device node open. Only root sees that of other users' programs. */
async function describeHolder(node: string): Promise<string> {
  const { holder } = await holderOf(machineFiles, (link) => link === node);
  return holder ? `held by ${holder.name}, pid ${holder.pid}` : `to see by whom: sudo fuser -v ${node}`;
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

/** Simulated probes are made anew at every start: their state is not worth keeping, unless the config says where. */
function stateFiles(config: Config): StateFiles {
  const isKept = config.simulate.length === 0 || config.sourceOf(['state', 'directory']) !== 'default';
  return isKept ? systemFiles : noFiles;
}

/** For what keeps files: says that it cannot, and what to do about it, and `over` when it can again. */
function tellProblem(log: Logger, over: string): (problem: (Error & { readonly remedy: string }) | undefined) => void {
  return (problem) => {
    if (problem) log.error(describeError(problem), { remedy: problem.remedy });
    else log.info(over);
  };
}

async function openBook(config: Config, log: Logger): Promise<PortBook> {
  const book = await PortBook.open({
    directory: config.stateDirectory,
    range: config.ports,
    fixed: fixedPorts(config),
    files: stateFiles(config),
    onProblem: tellProblem(log, 'the port book is written again, and nothing of it is lost'),
  });
  for (const finding of book.findings) log.warn(finding);
  return book;
}

async function openReservations(config: Config, log: Logger, events: EventHistory): Promise<Reservations> {
  const reservations = await Reservations.open({
    directory: config.stateDirectory,
    files: stateFiles(config),
    clock: systemClock,
    longestMs: config.access.longestReservationMs,
    onExpired: (uid, { principal }) => events.add({ type: 'expired', uid, principal }),
  });
  if (reservations.finding !== undefined) log.warn(reservations.finding);
  return reservations;
}

/** Who tries simulated probes leaves no file behind, unless the config says where. */
function auditSettings(config: Config): AuditSettings {
  const isKept = config.simulate.length === 0 || config.sourceOf(['audit', 'file']) !== 'default';
  const { file, ...limits } = config.audit;
  return isKept && file !== undefined ? { file, ...limits } : limits;
}

function openAudit(config: Config, log: Logger): AuditLog {
  const audit = new AuditLog({
    settings: auditSettings(config),
    clock: systemClock,
    onProblem: tellProblem(log, 'the audit log is written again'),
  });
  audit.started(version);
  return audit;
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

/**
 * Opens the control socket. Who tries simulated probes beside a daemon that has the usual socket, or has no right to
 * it, goes without.
 */
async function openControl(
  config: Config,
  daemon: Daemon,
  log: Logger,
  operatorOf: (socket: Socket) => Promise<string | undefined>,
): Promise<AsyncDisposable> {
  const { socketPath, mode, group } = config.control;
  const isUsual = config.sourceOf(['control', 'socket']) === 'default';
  try {
    if (isUsual) mkdirSync(path.dirname(socketPath), { recursive: true, mode: 0o755 });
    return await ControlServer.listen({
      ...{ path: socketPath, mode, daemon, clock: systemClock, log },
      ...(group !== undefined && { group }),
      operatorOf,
      platform: process.platform,
      setUmask: (mask) => process.umask(mask),
    });
  } catch (error) {
    if (!isUsual || config.simulate.length === 0) throw error;
    log.warn('no control socket: probectl cannot reach this daemon', { reason: describeError(error) });
    return new Disposer();
  }
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
function announce(supervisor: Supervisor, daemon: Daemon): void {
  for (const { failure } of supervisor.entries) if (failure) throw failure;
  const byUid = [...daemon.probes()].sort((a, b) => a.uid.localeCompare(b.uid));
  for (const { uid, addresses, port, target = 'cortex_m' } of byUid) {
    if (addresses.length === 0 || port === undefined) continue;
    const options = pyocdOptions({ addresses, port, target });
    process.stdout.write(`${uid} is served on ${addresses.join(' ')}: pyocd cmd ${options}\n`);
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
