import assert from 'node:assert/strict';
import { silentLogger } from '../../../src/base/logger.js';
import { requestTable } from '../../../src/jsonl/request-table.js';
import { noSocketOptions } from '../../../src/platform/socket-options.js';
import { probeRequests } from '../../../src/server/probe-requests.js';
import { ProbeServer } from '../../../src/server/probe-server.js';
import type { ClientLease } from '../../../src/sharing/client-lease.js';
import { openToAll } from '../../server/test-server.js';
import { settle } from '../../support/fake-clock.js';
import { NEVER, type SessionRig } from '../session-rig.js';
import { HelpedClient } from './helped-client.js';
import type { Realm } from './step.js';

const table = requestTable(probeRequests, { checkResults: true });

interface Helped {
  readonly client: HelpedClient;
  /** What the server has of it. */
  readonly lease: ClientLease;
}

/** The clients of one probe that are behind a helper, and the server that these talk to. */
export class HelpedClients implements AsyncDisposable {
  readonly #clients = new Map<number, Helped>();

  private constructor(
    private readonly rig: SessionRig,
    private readonly server: ProbeServer,
    private readonly leases: readonly ClientLease[],
  ) {}

  static async start(rig: SessionRig): Promise<HelpedClients> {
    const leases: ClientLease[] = [];
    const server = await ProbeServer.listen({
      ...{ hosts: ['127.0.0.1'], port: 0, table, access: openToAll, log: silentLogger, clock: rig.clock },
      ...{ socketOptions: noSocketOptions, newClientId: () => leases.length },
      newLease: (client) => {
        const lease = rig.session.newLease(client);
        leases.push(lease);
        return lease;
      },
      crash: (error) => assert.fail(error),
    });
    return new HelpedClients(rig, server, leases);
  }

  get(client: number): HelpedClient | undefined {
    return this.#clients.get(client)?.client;
  }

  /** @returns what the server has of the client */
  async connect(client: number, realm: Realm): Promise<ClientLease> {
    const helped = await HelpedClient.connect(this.server.port, this.rig.clock);
    assert.deepEqual(await this.rig.run(helped.begin(realm)), []);
    const lease = this.leases.at(-1) ?? assert.fail('nobody was admitted');
    this.#clients.set(client, { client: helped, lease });
    return lease;
  }

  /** Somebody else works: what is under way arrives first. */
  async settle(): Promise<void> {
    for (const { client, lease } of this.#clients.values()) {
      if (!client.isUnderWay) continue;
      await this.letIn(lease);
      await client.settle();
    }
  }

  /** Waits until no other client holds the lock, and for nothing else: time goes on while somebody who holds it sleeps. */
  async letIn(lease: ClientLease): Promise<void> {
    const { holder } = this.rig.session.turns;
    if (holder === undefined || holder === lease) return;
    await this.rig.run(lease.lock(NEVER));
    lease.unlock();
  }

  /** It has ended: the server notices. */
  async gone(client: number): Promise<void> {
    this.#clients.delete(client);
    while (this.server.clientCount > this.#clients.size) await settle();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settle(); // or what is under way would wait for the lock of another one for ever
    for (const { client } of this.#clients.values()) await client[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
  }
}
