import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DelayLine } from './delay-line.js';

/**
 * A TCP relay on 127.0.0.1 by which everything comes later, each way: for servers that send without Nagle's algorithm,
 * as probed does. Each side is acknowledged here, and not at the other end: where what a server sends depends on its
 * acknowledgements, only a delayed link tells the truth (delayed-link.ts).
 */
export class DelayingRelay implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param delayMs  one way: half of the round trip */
  static async to(port: number, delayMs: number): Promise<DelayingRelay> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    const relay = new DelayingRelay(server);
    server.on('connection', (near) => {
      const far = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      relay.#pipe(near, far, delayMs);
      relay.#pipe(far, near, delayMs);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get port(): number {
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  #pipe(from: Socket, to: Socket, delayMs: number): void {
    // An end is under way as long as what was sent before it.
    const line = new DelayLine<() => void>(delayMs, (arrive) => arrive());
    this.#sockets.add(from);
    from.on('data', (chunk) => line.put(() => to.write(chunk)));
    from.on('end', () => line.put(() => to.end()));
    from.on('error', () => line.put(() => to.destroy()));
    from.on('close', () => this.#sockets.delete(from));
  }
}
