// What outlives the daemon: ports, reservations and the audit log, opened where the config says.

import { systemClock } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { AuditSettings, Config } from '../config/config.js';
import { fixedPorts } from '../config/probe-policy.js';
import type { EventHistory } from '../control/event-history.js';
import { AuditLog } from '../daemon/audit-log.js';
import { PortBook } from '../daemon/port-book.js';
import { Reservations } from '../daemon/reservations.js';
import { noFiles, type StateFiles, systemFiles } from '../daemon/state-files.js';

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

export async function openBook(config: Config, log: Logger): Promise<PortBook> {
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

export async function openReservations(config: Config, log: Logger, events: EventHistory): Promise<Reservations> {
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
export function auditSettings(config: Config): AuditSettings {
  const isKept = config.simulate.length === 0 || config.sourceOf(['audit', 'file']) !== 'default';
  const { file, ...limits } = config.audit;
  return isKept && file !== undefined ? { file, ...limits } : limits;
}

export function openAudit(config: Config, version: string, log: Logger): AuditLog {
  const audit = new AuditLog({
    settings: auditSettings(config),
    clock: systemClock,
    onProblem: tellProblem(log, 'the audit log is written again'),
  });
  audit.started(version);
  return audit;
}
