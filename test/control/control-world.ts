import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { ControlClient } from '../../src/control/control-client.js';
import { ControlServer, type ControlServerOptions } from '../../src/control/control-server.js';
import { FakeDaemon } from './fake-daemon.js';

/** A control server on a socket in a directory of its own. */
export class ControlWorld implements AsyncDisposable {
  readonly daemon = new FakeDaemon();
  readonly #things: AsyncDisposable[] = [];

  private constructor(readonly directory: string) {}

  static async start(options: Partial<ControlServerOptions> = {}): Promise<ControlWorld & { server: ControlServer }> {
    const world = await ControlWorld.empty();
    return Object.assign(world, { server: await world.listen(options) });
  }

  /** The directory alone. */
  static async empty(): Promise<ControlWorld> {
    return new ControlWorld(await mkdtemp(path.join(tmpdir(), 'probed-control-')));
  }

  get path(): string {
    return path.join(this.directory, 'control.sock');
  }

  async listen(options: Partial<ControlServerOptions> = {}): Promise<ControlServer> {
    const server = await ControlServer.listen({
      path: this.path,
      daemon: this.daemon,
      clock: systemClock satisfies Clock,
      log: silentLogger,
      platform: process.platform,
      setUmask: (mask) => process.umask(mask),
      checkResults: true,
      ...options,
    });
    this.#things.push(server);
    return server;
  }

  async client(): Promise<ControlClient> {
    const client = await ControlClient.connect(this.path);
    this.#things.push(client);
    return client;
  }

  /** A peer that sends what no client of ours would. */
  async peer(): Promise<RawPeer> {
    const peer = new RawPeer(connect(this.path));
    this.#things.push(peer);
    await once(peer.socket, 'connect');
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const thing of this.#things.reverse()) await thing[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Bytes in, messages out. */
export class RawPeer implements AsyncDisposable {
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<unknown>;
  #received = '';
  #wake = (): void => undefined;

  constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#wake();
    });
    socket.on('error', () => undefined); // seen as `closed`
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.once('close', () => this.#wake());
  }

  send(text: string): void {
    this.socket.write(text);
  }

  request(id: number, command: string, args: object = {}, protocol = 1): void {
    this.send(requestText(id, command, args, protocol));
  }

  /** The next message, parsed; undefined when the connection ends instead. */
  async message(): Promise<unknown> {
    for (;;) {
      const end = this.#received.indexOf('\f');
      if (end >= 0) {
        const text = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 1);
        return JSON.parse(text);
      }
      if (this.socket.closed) return undefined;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
  }
}

export function requestText(id: number, command: string, args: object = {}, protocol = 1): string {
  return `${JSON.stringify({ type: 'request', data: { protocol, id, command, arguments: args } })}\f`;
}
