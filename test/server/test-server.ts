import assert, { type AssertionError } from 'node:assert';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { systemClock } from '../../src/base/clock.js';
import { silentLogger } from '../../src/base/logger.js';
import { parseLine } from '../../src/jsonl/parse-line.js';
import { requestTable } from '../../src/jsonl/request-table.js';
import { noSocketOptions } from '../../src/platform/socket-options.js';
import { probeRequests } from '../../src/server/probe-requests.js';
import { ProbeServer, type ProbeServerOptions } from '../../src/server/probe-server.js';
import type { ClientAccess } from '../../src/server/client-access.js';
import { MemoryLease } from './memory-lease.js';

const table = requestTable(probeRequests, { checkResults: true });

/** Everyone may come in, and is known by the address. */
export const openToAll: ClientAccess = {
  screen: () => ({ from: 'this-machine' }),
  check: async ({ address }) => ({ principal: `addr:${address}` }),
};

/** A reply line, parsed. */
export interface Reply {
  readonly id: unknown;
  readonly status: number;
  readonly result?: unknown;
  readonly error?: string;
}

function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && 'id' in value && 'status' in value;
}

/** A probe server on loopback whose leases remember what they were asked. */
export class TestServer implements AsyncDisposable {
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

  /** A connected client. */
  async client(host = '127.0.0.1'): Promise<TestClient> {
    return TestClient.connect(this.server.port, host);
  }

  /** The lease of the latest client that was admitted: it exists once the client has had a reply. */
  get lease(): MemoryLease {
    const lease = this.leases.at(-1);
    if (!lease) throw new Error('no client yet');
    return lease;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

/** A client that sends lines, and reads reply lines one by one. */
export class TestClient implements AsyncDisposable {
  #text = '';
  #wake: (() => void) | undefined;
  #over: Error | 'end' | undefined;
  #id = 0;

  private constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      this.#text += text;
      this.#wake?.();
    });
    const over = (how: Error | 'end'): void => {
      this.#over ??= how;
      this.#wake?.();
    };
    socket.on('end', () => over('end'));
    socket.on('error', over);
    socket.on('close', () => over(new Error('closed')));
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<TestClient> {
    const socket = connect({ port, host, allowHalfOpen: true });
    const client = new TestClient(socket);
    await once(socket, 'connect');
    return client;
  }

  send(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  async request(request: string, ...args: unknown[]): Promise<Reply> {
    this.send(`${JSON.stringify({ id: this.#id++, request, ...(args.length > 0 && { arguments: args }) })}\n`);
    return this.reply();
  }

  /** The next line. @throws if the connection ends before */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\n');
      if (end >= 0) {
        const line = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 1);
        return line;
      }
      if (this.#over) throw new Error(`no reply: ${String(this.#over)}`);
      await this.#change();
    }
  }

  async reply(): Promise<Reply> {
    const reply: unknown = parseLine(Buffer.from(await this.line()));
    assert(isReply(reply));
    return reply;
  }

  /** How the connection ended: "FIN", or the code of the error. */
  async end(): Promise<string> {
    while (!this.#over) await this.#change();
    if (this.#over === 'end') return 'FIN';
    return 'code' in this.#over ? String(this.#over.code) : this.#over.message;
  }

  /** What is left unread. */
  get rest(): string {
    return this.#text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
