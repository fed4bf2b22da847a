// The daemon's side of the control socket: who gets in, and who has to go.

import type { Socket } from 'node:net';
import { abortAfter, type Clock } from '../base/clock.js';
import { describeError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { requestTable } from '../jsonl/request-table.js';
import { compileGuard, strictAjv } from '../jsonl/schema.js';
import type { CommandContext } from './command.js';
import { commands } from './commands.js';
import { type ConnectionContext, ControlConnection } from './control-connection.js';
import { ControlClient } from './control-client.js';
import type { DaemonView } from './daemon-view.js';
import { type ControlLimits, defaultControlLimits } from './limits.js';
import { REQUEST, type RequestMessage } from './messages.js';
import {
  AlreadyRunningError,
  checkSocketPath,
  clearDeadSocket,
  ControlSocketError,
  setPermissions,
} from './socket-file.js';
import { serve } from './transport.js';

export interface ControlServerOptions {
  readonly path: string;
  /** Permission bits of the socket; 0o660 if left out. */
  readonly mode?: number;
  /** Name or number of the group that may use the socket; the daemon's own if left out. */
  readonly group?: string;
  readonly daemon: DaemonView;
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits?: ControlLimits;
  /** Who is at the other end of a connection: "user:ada". Never rejects. Left out: nobody is known. */
  readonly operatorOf?: (socket: Socket) => Promise<string | undefined>;
  /** `process.platform` */
  readonly platform: string;
  /** `process.umask`: sets it and gives the old one back. */
  readonly setUmask: (mask: number) => number;
  /** Check results against their schemas: for tests. */
  readonly checkResults?: boolean;
}

/** How long a daemon that holds the socket has to say who it is. */
const ASK_TIMEOUT_MS = 1000;

/** A burst of connections arrives before the first of them can be closed. */
const BURST = 16;

export class ControlServer implements AsyncDisposable {
  readonly #connections = new Set<ControlConnection>();
  readonly #context: ConnectionContext;
  #transport: AsyncDisposable | undefined;

  private constructor(private readonly options: ControlServerOptions) {
    const { daemon, clock, log, limits = defaultControlLimits, checkResults = false } = options;
    const isRequest = compileGuard<RequestMessage>(strictAjv(), REQUEST);
    const table = requestTable<CommandContext>(commands, { checkResults });
    this.#context = { table, isRequest, daemon, clock, log, limits };
  }

  /**
   * Opens the socket. One that a dead daemon has left is replaced.
   * @throws AlreadyRunningError  if a living daemon has it
   * @throws ControlSocketError   for a path that is too long or taken, or permissions that cannot be set
   */
  static async listen(options: ControlServerOptions): Promise<ControlServer> {
    const { path, platform, daemon, clock } = options;
    checkSocketPath(path, platform);
    const server = new ControlServer(options);
    try {
      if ((await clearDeadSocket(path, `${path}.${daemon.pid}`)) === 'live') await refuse(path, clock);
      await server.#listen();
    } catch (cause) {
      if (cause instanceof ControlSocketError) throw cause;
      throw new ControlSocketError(`control socket ${path}: ${describeError(cause)}`, { cause });
    }
    return server;
  }

  /** How many operators are connected. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Closes all connections and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport?.[Symbol.asyncDispose]();
  }

  async #listen(): Promise<void> {
    const { path, mode = 0o660, group, log, setUmask, operatorOf } = this.options;
    const { limits } = this.#context;
    // The socket is bound before `serve` first waits, so that nothing else runs under this umask.
    const before = setUmask(0o177);
    let listening: Promise<AsyncDisposable>;
    try {
      listening = serve({
        path,
        limits,
        maxConnections: limits.maxConnections + BURST,
        accept: (link, socket) => {
          const operator = operatorOf?.(socket) ?? Promise.resolve(undefined);
          const forget = (gone: ControlConnection): void => void this.#connections.delete(gone);
          const connection = new ControlConnection(link, this.#context, operator, forget);
          this.#connections.add(connection);
          this.#makeRoom(connection);
          return connection;
        },
        onError: (error) => log.debug('control connection failed', { error }),
      });
    } finally {
      setUmask(before);
    }
    this.#transport = await listening;
    try {
      await setPermissions(path, mode, group);
    } catch (error) {
      await this.#transport[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Whoever comes gets in: the connection that matters least, and of these the one that is idle longest, must go. */
  #makeRoom(newcomer: ControlConnection): void {
    if (this.#connections.size <= this.#context.limits.maxConnections) return;
    let victim: ControlConnection | undefined;
    for (const other of this.#connections) {
      if (other !== newcomer && (!victim || goesBefore(other, victim))) victim = other;
    }
    if (!victim) return;
    this.#context.log.debug('control connection closed', { reason: 'too many connections' });
    this.#connections.delete(victim); // counted out now: its close event comes later
    victim.close();
  }
}

function goesBefore(a: ControlConnection, b: ControlConnection): boolean {
  return a.importance < b.importance || (a.importance === b.importance && a.lastUsed < b.lastUsed);
}

async function refuse(path: string, clock: Clock): Promise<never> {
  const pid = await askPid(path, clock);
  throw new AlreadyRunningError(
    `already running${pid === undefined ? '' : `, pid ${pid}`}: another daemon answers on ${path}`,
  );
}

/** The pid of the daemon that has the socket; undefined if it does not say. */
async function askPid(path: string, clock: Clock): Promise<number | undefined> {
  let client: ControlClient | undefined;
  using late = abortAfter(ASK_TIMEOUT_MS, clock);
  try {
    client = await ControlClient.connect(path);
    return (await client.call('ping', {}, late.signal)).pid;
  } catch {
    return undefined; // it may be stuck, or no daemon of ours: it is refused all the same
  } finally {
    await client?.[Symbol.asyncDispose]();
  }
}
