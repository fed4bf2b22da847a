import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../base/clock.js';
import type { SocketOptions } from '../platform/socket-options.js';
import type { NamedHost } from '../config/client-config.js';
import type { DiscoveredProbe } from '../discovery/browse.js';
import type { System } from './doctor/system.js';
import type { Installation } from './service/service-files.js';
import type { ServiceMachine } from './service/service-machine.js';

export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width of the terminal in columns; undefined where there is none. */
  readonly columns: number | undefined;
}

/** What probectl has of the process it runs in. `main.ts` makes it; tests make their own. */
export interface World {
  /** The arguments after the program's name. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** probectl's own version. */
  readonly version: string;
  /** Where the daemon's socket may be, the likeliest first. */
  readonly sockets: readonly string[];
  /** Where the user's names of hosts may be, the likeliest first. */
  readonly hostFiles: readonly string[];
  /** Reads them. @throws ConfigError */
  readonly namedHosts: () => Promise<ReadonlyMap<string, NamedHost>>;
  /** Asks the network which probes it has; takes a second. */
  readonly browse: (signal: AbortSignal) => Promise<readonly DiscoveredProbe[]>;
  /** Standard input and output as bytes, for `dial-stdio`. */
  readonly stdio: { readonly stdin: Readable; readonly stdout: Writable };
  /** Calls back for each of these signals that probectl gets, until disposed; it does not end by them meanwhile. */
  readonly onSignal: (listener: (signal: NodeJS.Signals) => void) => Disposable;
  /** Loads what the system can do for listeners beyond Node. */
  readonly loadSocketOptions: () => Promise<SocketOptions>;
  readonly system: System;
  /** What `service` installs, and where. */
  readonly service?: Installation & { readonly machine: ServiceMachine };
  /** All that is wrong with a config file, or the usual one, as `file:line:column: what`. */
  readonly checkConfig?: (file?: string) => Promise<readonly string[]>;
}
