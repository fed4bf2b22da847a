import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { parseLine } from '../../src/jsonl/parse-line.js';

/** A reply line, parsed. */
export interface Reply {
  readonly id: unknown;
  readonly status: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A client of the probe protocol that sends exactly what it is told to. */
export class TestClient implements AsyncDisposable {
  readonly #waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] = [];
  readonly #ended: Promise<string>;
  #received = '';
  #nextId = 0;
  /** Why no more lines come. */
  #over: Error | undefined;

  private constructor(readonly socket: net.Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#onData(chunk));
    this.#ended = new Promise((resolve) => {
      const end = (error: Error, how: string) => {
        this.#onEnd(error);
        resolve(how);
      };
      socket.on('end', () => end(new Error('connection closed'), 'FIN'));
      socket.on('error', (error: NodeJS.ErrnoException) => end(error, error.code ?? error.message));
      socket.on('close', () => end(new Error('connection closed'), 'closed'));
    });
  }

  /** @param from  the address it connects from; any if left out */
  static async connect(port: number, host = '127.0.0.1', from?: string): Promise<TestClient> {
    const address = { port, host, ...(from !== undefined && { localAddress: from }) };
    const socket = net.connect({ ...address, noDelay: true, allowHalfOpen: true });
    const client = new TestClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Sends a request and waits for its reply. */
  async request(name: string, ...args: unknown[]): Promise<Reply> {
    const envelope = { id: this.#nextId++, request: name, ...(args.length > 0 && { arguments: args }) };
    this.send(`${JSON.stringify(envelope)}\n`);
    return this.reply();
  }

  /** The result of a request that must succeed. */
  async result(name: string, ...args: unknown[]): Promise<unknown> {
    const reply = await this.request(name, ...args);
    if (reply.status !== 0) throw new Error(`${name}: status ${reply.status}: ${reply.error ?? ''}`);
    return reply.result;
  }

  /** Sends one line as it is, and waits for one line. */
  line(text: string): Promise<string> {
    this.send(`${text}\n`);
    return this.nextLine();
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next line of the server. @throws if the connection ends before */
  nextLine(): Promise<string> {
    const line = new Promise<string>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#deliver();
    });
    line.catch(() => undefined); // whoever asked may look at it only later
    return line;
  }

  /** The same, as what it must be. */
  async reply(): Promise<Reply> {
    const reply = parseLine(Buffer.from(await this.nextLine()));
    assert(isReply(reply), 'a reply has an id and a status');
    return reply;
  }

  /** Resolves when the kernel has taken everything that was written. */
  bytesSent(): Promise<void> {
    return new Promise((resolve) => this.socket.write('', () => resolve()));
  }

  /** How the server ends the connection: "FIN", or the code of the error. */
  end(): Promise<string> {
    return this.#ended;
  }

  /** What came and nobody has asked for. */
  get rest(): string {
    return this.#received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  #onData(chunk: string): void {
    this.#received += chunk;
    this.#deliver();
  }

  #onEnd(error: Error): void {
    this.#over ??= error;
    this.#deliver();
  }

  #deliver(): void {
    while (this.#waiting.length > 0) {
      const end = this.#received.indexOf('\n');
      if (end < 0) break;
      const line = this.#received.slice(0, end);
      this.#received = this.#received.slice(end + 1);
      this.#waiting.shift()?.resolve(line);
    }
    if (this.#over) for (const { reject } of this.#waiting.splice(0)) reject(this.#over);
  }
}

function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && 'id' in value && 'status' in value;
}
