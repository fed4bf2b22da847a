// What the daemon is told: one frozen value, made once and handed down.

import type { LogLevel } from '../base/logger.js';
import type { Settings } from './schema.js';
import type { logFormats } from './tables.js';
import type { KeyPath } from './toml-positions.js';

export interface Config {
  /** The file it comes from; undefined where there is none. */
  readonly file?: string;
  readonly ports: PortRange;
  /** Simulated probes to serve, one per element. */
  readonly simulate: readonly SimulatedProbe[];
  /** `--memory-handles` of the command line, which goes over what is said of single probes. */
  readonly memoryHandles?: boolean;
  readonly limits: Limits;
  readonly access: AccessSettings;
  readonly audit: AuditSettings;
  readonly control: ControlSettings;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  readonly stateDirectory: string;
  /** Everything as the file writes it, in its units, with the defaults filled in. */
  readonly settings: Settings;
  /** Who set a key; for `probe` entries and rules, the path of the entry stands for its header. */
  sourceOf(path: KeyPath): Source;
}

/** "default", "command line", "probectl" (kept in the state directory), or "file:line:column". */
export type Source = 'default' | 'command line' | 'probectl' | `${string}:${number}:${number}`;

export type LogFormat = (typeof logFormats)[number];

/** The ports probes may be given, both ends included. `first` 0: any that is free. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** One simulated probe: its options as they were written, for the simulator to understand. */
export interface SimulatedProbe {
  readonly options: readonly string[];
}

export interface Limits {
  readonly maxClients: number;
  readonly maxClientsPerAddress: number;
  readonly maxLineBytes: number;
  readonly maxBacklogBytes: number;
  readonly maxBacklogRequests: number;
  readonly lockIdleTimeoutMs: number;
  readonly clientTimeoutMs: number;
  readonly shutdownGraceMs: number;
}

export interface AccessSettings {
  /** Undefined: all users of this machine may come in. */
  readonly localGroup?: string;
  readonly refusal: Settings['access']['refusal'];
  readonly queueTimeoutMs: number;
  readonly longestReservationMs: number;
}

export interface AuditSettings {
  /** Undefined: nothing is written. */
  readonly file?: string;
  /** How large the file may grow until it is put aside. */
  readonly maxBytes: number;
  /** How many there are, the one that is written included. */
  readonly files: number;
}

export interface ControlSettings {
  readonly socketPath: string;
  /** Undefined: the daemon's own. */
  readonly group?: string;
  /** Permission bits of the socket: 0o660. */
  readonly mode: number;
}

/** Both loopback addresses by number: "localhost" may be either, and a client tries both. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];
