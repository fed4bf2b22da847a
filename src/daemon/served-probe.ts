// One probe that is served: its session and its server, with the settings they were made with.

import { isDeepStrictEqual } from 'node:util';
import { Disposer } from '../base/disposer.js';
import type { DaemonError } from '../base/errors.js';
import { ProbeDisconnectedError } from '../probe/errors.js';
import { ProbeServer } from '../server/probe-server.js';
import type { ClientName } from '../sharing/client-lease.js';
import { type OpenProbe, ProbeSession, type SessionEvents } from '../sharing/probe-session.js';
import type { FoundProbe } from './find-probes.js';
import type { ServerServices } from './server-services.js';
import type { ServingPlan } from './serving-plan.js';
import { StrangerTally } from './stranger-tally.js';

/** What was seen of the probe last, as it is when somebody asks: a port is served before its probe was ever there. */
export interface Sighting {
  readonly seen: FoundProbe | undefined;
}

/** What others want to know as it happens. */
export interface ServingEvents extends Omit<SessionEvents, 'clientOut'> {
  readonly clientOut: (client: ClientName, reason: string) => void;
  /** Connections were not let in, and nothing of them was obeyed. */
  readonly turnedAway: (principal: string, reason: string, times: number | undefined) => void;
  /** A client that was in may not be here any more. */
  readonly dropped: (client: ClientName, reason: string) => void;
  /** A request failed for a reason that is not its client's mistake. */
  readonly requestFailed: (client: ClientName, error: DaemonError) => void;
}

export class ServedProbe implements AsyncDisposable {
  #plan: ServingPlan;

  private constructor(
    plan: ServingPlan,
    readonly session: ProbeSession,
    readonly server: ProbeServer,
    private readonly disposer: Disposer,
    /** Why those who are being dropped are, by client. */
    private readonly dropped: Map<number, string>,
  ) {
    this.#plan = plan;
  }

  /** Starts listening. @throws ListenError */
  static async start(
    plan: ServingPlan,
    sighting: Sighting,
    services: ServerServices,
    events: ServingEvents,
  ): Promise<ServedProbe> {
    const { uid, port, hosts, limits, settings, admission } = plan;
    const { clock, socketOptions, access, reservations, crash, table, newClientId } = services;
    const log = services.log.child({ uid });
    const dropped = new Map<number, string>();
    const session = new ProbeSession({
      ...{ uid, clock, log },
      events: {
        ...events,
        clientOut(client) {
          events.clientOut(client, dropped.get(client.id) ?? 'its connection ended');
          dropped.delete(client.id);
        },
      },
      get vendor() {
        return sighting.seen?.match.vendor ?? '';
      },
      get product() {
        return sighting.seen?.match.product ?? '';
      },
      memoryHandles: settings.memoryHandles,
      lockIdleTimeoutMs: limits.lockIdleTimeoutMs,
      admission,
      reservation: () => reservations.of(uid),
      ...(settings.clockLimitHz !== undefined && { clockLimitHz: settings.clockLimitHz }),
    });
    const disposer = new Disposer();
    const strangers = disposer.use(new StrangerTally({ clock, tell: events.turnedAway }));
    const server = await ProbeServer.listen({
      ...{ hosts, port, table, newClientId, log, clock, socketOptions, crash, limits },
      access: access.forProbe(uid),
      newLease: (client) => session.newLease(client),
      onRefused: (client, reason) => events.refused?.(client, reason),
      onTurnedAway: ({ address }, reason) => strangers.note(address, reason),
      onDropped: (client, reason) => {
        dropped.set(client.id, reason);
        events.dropped(client, reason);
      },
      onFailure: (client, error) => events.requestFailed(client, error),
    });
    disposer.use(
      reservations.subscribe((changed) => {
        if (changed === uid) session.admission.reconsider();
      }),
    );
    return new ServedProbe({ ...plan, port: server.port }, session, server, disposer, dropped);
  }

  /** How it is served now; `port` is the one it has. */
  get plan(): ServingPlan {
    return this.#plan;
  }

  /** Takes over at once what can be changed while it is served. @returns whether that was all */
  adopt(plan: ServingPlan): boolean {
    const { admission } = plan;
    this.#plan = { ...this.#plan, admission };
    this.session.admission.configure(admission);
    return isDeepStrictEqual(plan, this.#plan);
  }

  attach(openProbe: OpenProbe): void {
    this.session.attach(openProbe);
  }

  /** Answers clients with the reason, and ends their connections. */
  async drop(clients: readonly number[], reason: DaemonError): Promise<void> {
    for (const client of clients) this.dropped.set(client, reason.message);
    await Promise.all(clients.map((client) => this.server.drop(client, reason)));
  }

  /** Answers its clients that it is not served any more, and drops them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.disposer[Symbol.asyncDispose]();
    const clients = this.server.clients.map(({ client }) => client.id);
    await this.drop(clients, new ProbeDisconnectedError(`probe ${this.plan.uid} is not served any more`));
    await this.server[Symbol.asyncDispose]();
    await this.session[Symbol.asyncDispose]();
  }
}
