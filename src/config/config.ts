// What the daemon is told: one frozen value, made once and handed down.

import type { LogLevel } from '../base/logger.js';

export interface Config {
  /** Addresses to listen on, by number. Every probe's server listens on all of them, on its own port. */
  readonly hosts: readonly string[];
  /** The port of the first probe; the next ones follow. */
  readonly firstPort: number;
  /** Simulated probes to serve, one per element. */
  readonly simulate: readonly SimulatedProbe[];
  /** Serve only probes with these uids; all when empty. */
  readonly uids: readonly string[];
  /** Give memory handles to clients that ask for them. Stock pyOCD clients fail in `loadmem` when they get one. */
  readonly memoryHandles: boolean;
  readonly logLevel: LogLevel;
}

/** One simulated probe: its options as they were written, for the simulator to understand. */
export interface SimulatedProbe {
  readonly options: readonly string[];
}

/** pyOCD's own default port (probeserver.port). */
export const DEFAULT_PORT = 5555;

/** Both loopback addresses by number: "localhost" may be either, and a client tries both. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];
