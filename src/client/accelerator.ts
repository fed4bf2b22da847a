// The pipelining helper: a port for stock clients, each of which gets a connection of its own to the probe.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { type Clock, systemClock } from '../base/clock.js';
import { RequestError } from '../base/errors.js';
import { AcceleratedSession } from './accelerated-session.js';
import type { ProbeEndpoint } from './endpoint.js';

export interface AcceleratorOptions {
  readonly endpoint: ProbeEndpoint;
  /** On 127.0.0.1. 0, or left out: any that is free. */
  readonly port?: number;
  readonly clock?: Clock;
  /** What the system can do beyond Node. */
  readonly system?: AcceleratorSystem;
  /** False: requests and replies pass unchanged, each waiting for the other. */
  readonly pipelining?: boolean;
  /** True where the server may be `pyocd server`, which holds replies back. See `Prodder`. */
  readonly prods?: boolean;
}

/** All of it is optional: where the system cannot do it, it does nothing. */
export interface AcceleratorSystem {
  /** Without it a client hangs when this process is killed. */
  readonly resetOnClose: (server: Server) => void;
  readonly closeGracefully: (socket: Socket) => void;
}

const HOST = '127.0.0.1';

export class Accelerator implements AsyncDisposable {
  readonly #server: Server;
  readonly #sessions = new Set<AcceleratedSession>();

  /** @throws RequestError  if the port is taken */
  static async listen(options: AcceleratorOptions): Promise<Accelerator> {
    const accelerator = new Accelerator(options);
    const { port = 0 } = options;
    try {
      accelerator.#server.listen({ host: HOST, port });
      await once(accelerator.#server, 'listening');
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
      const what = code === 'EADDRINUSE' ? 'is taken by another program' : 'cannot be opened';
      throw new RequestError(`port ${port} ${what}: choose another one, or none`, { cause });
    }
    options.system?.resetOnClose(accelerator.#server);
    return accelerator;
  }

  private constructor({ endpoint, clock = systemClock, system, pipelining = true, prods = false }: AcceleratorOptions) {
    const closeGracefully = system?.closeGracefully ?? (() => undefined);
    const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true };
    this.#server = createServer(options, (client) => {
      const onClosed = (session: AcceleratedSession): unknown => this.#sessions.delete(session);
      this.#sessions.add(
        new AcceleratedSession(client, { endpoint, clock, closeGracefully, pipelining, prods, onClosed }),
      );
    });
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** How many clients there are. */
  get clients(): number {
    return this.#sessions.size;
  }

  /** Resets clients that are still there, and waits until what they were told to be done is done. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const session of this.#sessions) session.drop(new RequestError('the forwarding was ended'));
    await Promise.all([...this.#sessions].map(({ closed }) => closed));
  }
}
