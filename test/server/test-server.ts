import type { AssertionError } from 'node:assert';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { Accelerator } from '../../src/client/accelerator.js';
import { tcpEndpoint } from '../../src/client/endpoint.js';
import { requestTable } from '../../src/jsonl/request-table.js';
import { noSocketOptions } from '../../src/platform/socket-options.js';
import { probeRequests } from '../../src/server/probe-requests.js';
import { ProbeServer, type ProbeServerOptions } from '../../src/server/probe-server.js';
import type { ClientAccess } from '../../src/server/client-access.js';
import { TestClient } from '../support/test-client.js';
import type { WayIn } from '../support/way-in.js';
import { MemoryLease } from './memory-lease.js';

const table = requestTable(probeRequests, { checkResults: true });

/** Everyone may come in, and is known by the address. */
export const openToAll: ClientAccess = {
  screen: () => ({ from: 'this-machine' }),
  check: async ({ address }) => ({ principal: `addr:${address}` }),
};

/** A probe server on loopback whose leases remember what they were asked. */
export class TestServer implements AsyncDisposable {
  #helper: Accelerator | undefined;

  private constructor(
    readonly server: ProbeServer,
    readonly leases: readonly MemoryLease[],
    readonly crashes: readonly AssertionError[],
  ) {}

  static async start(options: Partial<ProbeServerOptions> = {}): Promise<TestServer> {
    const leases: MemoryLease[] = [];
    const crashes: AssertionError[] = [];
    let clients = 0;
    const server = await ProbeServer.listen({
      hosts: ['127.0.0.1'],
      port: 0,
      table,
      newLease: (client) => {
        const lease = new MemoryLease(client);
        leases.push(lease);
        return lease;
      },
      newClientId: () => ++clients,
      log: silentLogger,
      clock: systemClock,
      socketOptions: noSocketOptions,
      access: openToAll,
      crash: (error) => crashes.push(error),
      ...options,
    });
    return new TestServer(server, leases, crashes);
  }

  /** A server whose clients come that way. */
  static async reached(way: WayIn): Promise<TestServer> {
    const test = await TestServer.start();
    const endpoint = tcpEndpoint({ host: '127.0.0.1', port: test.server.port });
    if (way !== 'directly') test.#helper = await Accelerator.listen({ endpoint });
    return test;
  }

  /** A connected client. */
  async client(host = '127.0.0.1'): Promise<TestClient> {
    return TestClient.connect((this.#helper ?? this.server).port, host);
  }

  /** The lease of the latest client that was admitted: it exists once the client has had a reply. */
  get lease(): MemoryLease {
    const lease = this.leases.at(-1);
    if (!lease) throw new Error('no client yet');
    return lease;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#helper?.[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
