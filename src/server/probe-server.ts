// The TCP server of one probe: listens on several addresses, admits clients, and drops them at the end.

import type { AssertionError } from 'node:assert';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../base/clock.js';
import { type DaemonError, describeError } from '../base/errors.js';
import { hostAndPort } from '../base/host-and-port.js';
import type { Logger } from '../base/logger.js';
import { type Ends, endsOf } from '../platform/connection-ends.js';
import type { Endpoint } from '../platform/socket-owners.js';
import type { SocketOptions } from '../platform/socket-options.js';
import { ProbeBusyError, ProbeDisconnectedError } from '../probe/errors.js';
import type { ClientLease, ClientName } from '../sharing/client-lease.js';
import type { AccessVerdict, ClientAccess } from './client-access.js';
import { Connection, type Traffic } from './connection.js';
import { defaultLimits, type ServerLimits } from './limits.js';
import { ListenError } from './listen-error.js';
import type { ProbeRequestTable } from './probe-requests.js';
import { ReplyBatch } from './reply-batch.js';

export interface ProbeServerOptions {
  /** Numeric addresses, all listened on at the same port. */
  readonly hosts: readonly string[];
  /** 0: any that is free on all hosts. */
  readonly port: number;
  readonly table: ProbeRequestTable;
  /** Who clients are, and which of them may come in. */
  readonly access: ClientAccess;
  /** Called once per client that is admitted; the connection disposes the lease. */
  readonly newLease: (client: ClientName) => ClientLease;
  /** Counts up over the life of the daemon. */
  readonly newClientId: () => number;
  readonly limits?: Partial<ServerLimits>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly socketOptions: SocketOptions;
  /** Called when a client is not let in, and told so. */
  readonly onRefused?: (client: ClientName, reason: string) => void;
  /** Called for a stranger, and for one that is reset because there are too many, before anything of it was read. */
  readonly onTurnedAway?: (peer: Endpoint, reason: string) => void;
  /** Called when a client that was let in is dropped by `review`. */
  readonly onDropped?: (client: ClientName, reason: string) => void;
  /** Called when a request failed for a reason that is not its client's mistake. */
  readonly onFailure?: (client: ClientName, error: DaemonError) => void;
  /** Ends the process: called with a failed assertion from a request. */
  readonly crash: (error: AssertionError) => void;
}

/** A client and since when it is connected. */
export interface ConnectedClient {
  readonly client: ClientName;
  readonly since: Date;
}

/** A connection, and what decides whether it may stay. */
interface Guest extends ConnectedClient, Ends {
  readonly isRefused: boolean;
}

/**
 * How much later than told a peer is given up: the kernel counts from the first time it sends something again, and looks
 * after an idle peer once in a second.
 */
const LATE_MS = 1000;
/** How often a port that is free on the first host, but not on the next, is given up for another. */
const MAX_PORT_ATTEMPTS = 16;

export class ProbeServer implements AsyncDisposable {
  readonly #options: ProbeServerOptions;
  readonly #limits: ServerLimits;
  readonly #listeners = new Set<Server>();
  /** Connected, and not yet known who they are. */
  readonly #arriving = new Map<Socket, Promise<void>>();
  readonly #connections = new Map<Connection, Guest>();
  readonly #batch: ReplyBatch;
  #port = 0;
  #ending: Promise<void> | undefined;

  /** @throws ListenError  naming host and port */
  static async listen(options: ProbeServerOptions): Promise<ProbeServer> {
    const server = new ProbeServer(options);
    for (let attempt = 1; ; attempt++) {
      try {
        await server.#listen(options.port);
        return server;
      } catch (error) {
        await server.#stopListening();
        if (!(error instanceof ListenError) || options.port !== 0 || attempt === MAX_PORT_ATTEMPTS) throw error;
      }
    }
  }

  private constructor(options: ProbeServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#batch = new ReplyBatch(options.clock, () => this.#connections.size > 1);
  }

  get port(): number {
    return this.#port;
  }

  /** Where it listens: "127.0.0.1:5555", "[::1]:5555". */
  get addresses(): readonly string[] {
    return [...this.#listeners].map((listener) => {
      const address = listener.address();
      return typeof address === 'object' && address ? hostAndPort(address.address, address.port) : '';
    });
  }

  /** Who is connected, those that are refused included. */
  get clients(): readonly (ConnectedClient & { readonly traffic: Traffic })[] {
    return [...this.#connections].map(([{ traffic }, { client, since }]) => ({ client, since, traffic }));
  }

  /** How many clients are connected, those that are refused included. */
  get clientCount(): number {
    return this.#connections.size;
  }

  /**
   * Stops listening; answers what is pending with status 2; resets every connection. Returns when every lease is
   * disposed.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const stopped = this.#stopListening();
    for (const socket of this.#arriving.keys()) socket.resetAndDestroy();
    await this.dropAll(new ProbeDisconnectedError('the server is shutting down'));
    await stopped;
  }

  /** Drops every client: see `Connection.drop`. */
  async dropAll(reason: DaemonError): Promise<void> {
    await Promise.all([...this.#connections.keys()].map((connection) => connection.drop(reason)));
  }

  /** Drops one client, by its id. Without such a client it does nothing. */
  async drop(id: number, reason: DaemonError): Promise<void> {
    for (const [connection, { client }] of this.#connections) if (client.id === id) await connection.drop(reason);
  }

  /** Asks again who may be here, and drops who may not any more. For when the rules have changed. */
  async review(): Promise<void> {
    await Promise.all(this.#arriving.values()); // some may have been judged by the old rules
    await Promise.all(
      [...this.#connections].map(async ([connection, guest]) => {
        const refusal = guest.isRefused ? undefined : await this.#refusalOf(guest);
        if (!refusal) return;
        this.#options.onDropped?.(guest.client, refusal.message);
        await connection.drop(new ProbeDisconnectedError(refusal.message));
      }),
    );
  }

  async #refusalOf({ peer, own }: Guest): Promise<DaemonError | undefined> {
    const { access } = this.#options;
    const screening = access.screen(peer, own);
    return screening.from === 'stranger' ? screening.refusal : (await access.check(peer, own)).refusal;
  }

  async #listen(port: number): Promise<void> {
    this.#port = port;
    for (const host of this.#options.hosts) {
      const listener = this.#newListener();
      try {
        listener.listen({ host, port: this.#port, ipv6Only: true });
        await once(listener, 'listening');
      } catch (error) {
        const cause = error instanceof Error ? error : new Error(String(error));
        if (host !== '::1' || !isMissingAddress(cause)) throw new ListenError(host, this.#port, cause);
        this.#options.log.debug('no IPv6 loopback on this machine', { reason: cause.message });
        continue;
      }
      this.#listeners.add(listener);
      this.#options.socketOptions.resetOnClose(listener);
      this.#options.socketOptions.limitUnacknowledged(listener, this.#limits.clientTimeoutMs - LATE_MS);
      listener.on('error', (error) => this.#options.log.warn('accepting a client failed', { reason: error.message }));
      const address = listener.address();
      if (typeof address === 'object' && address) this.#port = address.port;
    }
  }

  #newListener(): Server {
    // libuv sends the first probe after this delay, and nine more at intervals of a second.
    const keepAliveInitialDelay = Math.max(1000, this.#limits.clientTimeoutMs - 10_000);
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay };
    return createServer(options, (socket) => this.#accept(socket));
  }

  #stopListening(): Promise<unknown> {
    const stopped = [...this.#listeners].map(async (listener) => {
      listener.close();
      await once(listener, 'close');
    });
    this.#listeners.clear();
    return Promise.all(stopped);
  }

  #accept(socket: Socket): void {
    if (this.#ending || socket.remoteAddress === undefined) {
      socket.resetAndDestroy();
      return;
    }
    const { peer, own } = endsOf(socket);
    const screening = this.#options.access.screen(peer, own);
    if (screening.from === 'stranger') {
      const { refusal, isTold } = screening;
      if (isTold) this.#serve(socket, { peer, own }, { principal: `addr:${peer.address}`, refusal });
      else socket.resetAndDestroy();
      this.#options.onTurnedAway?.(peer, refusal.message);
    } else if (this.#admittedCount() + this.#arriving.size >= 2 * this.#limits.maxClients) {
      socket.resetAndDestroy();
      this.#options.onTurnedAway?.(peer, 'too many clients come at once');
    } else {
      this.#arriving.set(socket, this.#identify(socket, { peer, own }, screening.from === 'other-machine'));
    }
  }

  /** Finds out who a client is, and serves it. Never rejects. */
  async #identify(socket: Socket, ends: Ends, isRemote: boolean): Promise<void> {
    const { access, log } = this.#options;
    const lost = (error: Error): void => log.debug('connection lost', { reason: error.message });
    socket.on('error', lost);
    try {
      const verdict = await access.check(ends.peer, ends.own);
      const refusal = verdict.refusal ?? this.#limitReached(isRemote ? ends.peer.address : undefined);
      socket.off('error', lost);
      if (socket.destroyed) return;
      const client = this.#serve(socket, ends, { ...verdict, ...(refusal && { refusal }) });
      if (refusal) this.#options.onRefused?.(client, refusal.message);
    } catch (error) {
      log.error('a client could not be let in', { error: describeError(error) });
      socket.resetAndDestroy();
    } finally {
      this.#arriving.delete(socket);
    }
  }

  #serve(socket: Socket, ends: Ends, { principal, refusal }: AccessVerdict): ClientName {
    const { newClientId, newLease, table, clock, socketOptions, crash } = this.#options;
    const client = { id: newClientId(), address: hostAndPort(ends.peer.address, ends.peer.port), principal };
    const log = this.#options.log.child({ client: client.id });

    log[refusal ? 'debug' : 'info']('client connected', { address: client.address, principal });
    if (refusal) this.#makeRoom();
    const connection = new Connection(socket, refusal ? { refusal } : { lease: newLease(client) }, {
      ...{ table, clock, socketOptions, crash, log },
      limits: refusal ? { ...this.#limits, ...refusedLimits } : this.#limits,
      batch: this.#batch,
      onFailure: (error) => this.#options.onFailure?.(client, error),
      onClosed: () => {
        this.#connections.delete(connection);
        log[refusal ? 'debug' : 'info']('client disconnected');
      },
    });
    this.#connections.set(connection, { client, since: clock.date(), ...ends, isRefused: refusal !== undefined });
    return client;
  }

  /** Why one more cannot be admitted. @param remoteAddress  undefined: it is on this machine */
  #limitReached(remoteAddress: string | undefined): DaemonError | undefined {
    const { maxClients, maxClientsPerAddress } = this.#limits;
    if (this.#admittedCount() >= maxClients) {
      return new ProbeBusyError(`the probe has ${maxClients} clients already, which is the limit`);
    }
    if (remoteAddress === undefined || this.#admittedCount(remoteAddress) < maxClientsPerAddress) return undefined;
    const what = `${maxClientsPerAddress} clients from ${remoteAddress} already, which is the limit for one address`;
    return new ProbeBusyError(`the probe has ${what}`);
  }

  #admittedCount(address?: string): number {
    let count = 0;
    for (const { isRefused, peer } of this.#connections.values())
      if (!isRefused && (address ?? peer.address) === peer.address) count++;
    return count;
  }

  /** Those who are told why they cannot come in must not keep others out: who was told longest ago is reset. */
  #makeRoom(): void {
    const refused = [...this.#connections].filter(([, { isRefused }]) => isRefused);
    const oldest = refused.at(0)?.[0];
    if (refused.length < this.#limits.maxClients || !oldest) return;
    oldest.reset('it was told why it cannot come in');
    this.#connections.delete(oldest);
  }
}

/** Who is not let in gets to send what a stock client does, and no more. */
const refusedLimits = { maxLineBytes: 4096, maxBacklogBytes: 4096, maxUnreadBytes: 4096 } as const;

function isMissingAddress(error: Error): boolean {
  return 'code' in error && (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT');
}
