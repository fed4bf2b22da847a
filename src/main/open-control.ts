import { mkdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { systemClock } from '../base/clock.js';
import { Disposer } from '../base/disposer.js';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/config.js';
import { ControlServer } from '../control/control-server.js';
import type { Daemon } from '../daemon/daemon.js';
import type { LocalAccess } from '../daemon/local-access.js';
import { loadPeerUid } from '../platform/peer-credentials.js';

export interface ControlOptions {
  readonly daemon: Daemon;
  /** What an operator is called. */
  readonly local: LocalAccess;
  readonly log: Logger;
  readonly process: Pick<NodeJS.Process, 'platform' | 'umask'>;
}

/**
 * Opens the control socket. Who tries simulated probes beside a daemon that has the usual socket, or has no right to
 * it, goes without.
 */
export async function openControl(
  config: Config,
  { daemon, local, log, process }: ControlOptions,
): Promise<AsyncDisposable> {
  const { socketPath, mode, group } = config.control;
  const isUsual = config.sourceOf(['control', 'socket']) === 'default';
  const peerUid = await loadPeerUid(log);
  const operatorOf = async (socket: Socket): Promise<string | undefined> => {
    const uid = peerUid(socket);
    return uid === undefined ? undefined : local.principalOf(uid);
  };
  try {
    if (isUsual) mkdirSync(path.dirname(socketPath), { recursive: true, mode: 0o755 });
    return await ControlServer.listen({
      ...{ path: socketPath, mode, daemon, clock: systemClock, log, operatorOf },
      ...(group !== undefined && { group }),
      platform: process.platform,
      setUmask: (mask) => process.umask(mask),
    });
  } catch (error) {
    if (!isUsual || config.simulate.length === 0) throw error;
    log.warn('no control socket: probectl cannot reach this daemon', { reason: describeError(error) });
    return new Disposer();
  }
}
