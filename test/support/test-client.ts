import { once } from 'node:events';
import net from 'node:net';

/** A reply line as it came. */
export interface Reply {
  readonly id: unknown;
  readonly status: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A client of the probe protocol that sends exactly what it is told to. */
export class TestClient implements AsyncDisposable {
  readonly #waiting: ((line: string) => void)[] = [];
  readonly #failed: ((error: Error) => void)[] = [];
  #received = '';
  #nextId = 0;
  #end: Error | undefined;

  private constructor(readonly socket: net.Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.#onData(chunk));
    socket.on('error', (error) => this.#onClosed(error));
    socket.on('close', () => this.#onClosed(new Error('connection closed')));
  }

  /** @param from  the address it connects from; any if left out */
  static async connect(port: number, host = '127.0.0.1', from?: string): Promise<TestClient> {
    const socket = net.connect({ port, host, noDelay: true, ...(from !== undefined && { localAddress: from }) });
    const client = new TestClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Sends a request and waits for its reply. */
  async request(name: string, ...args: unknown[]): Promise<Reply> {
    const envelope = { id: this.#nextId++, request: name, ...(args.length > 0 && { arguments: args }) };
    return JSON.parse(await this.line(JSON.stringify(envelope))) as Reply;
  }

  /** The result of a request that must succeed. */
  async result(name: string, ...args: unknown[]): Promise<unknown> {
    const reply = await this.request(name, ...args);
    if (reply.status !== 0) throw new Error(`${name}: status ${reply.status}: ${reply.error ?? ''}`);
    return reply.result;
  }

  /** Sends one line as it is, and waits for one line. */
  line(text: string): Promise<string> {
    this.socket.write(`${text}\n`);
    return this.nextLine();
  }

  /** The next line of the server. */
  nextLine(): Promise<string> {
    const line = new Promise<string>((resolve, reject) => {
      this.#waiting.push(resolve);
      this.#failed.push(reject);
      this.#deliver();
      if (this.#end) this.#onClosed(this.#end);
    });
    line.catch(() => undefined); // whoever asked may look at it only later
    return line;
  }

  /** Resolves when the kernel has taken everything that was written. */
  bytesSent(): Promise<void> {
    return new Promise((resolve) => this.socket.write('', () => resolve()));
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

  #deliver(): void {
    while (this.#waiting.length > 0) {
      const end = this.#received.indexOf('\n');
      if (end < 0) return;
      const line = this.#received.slice(0, end);
      this.#received = this.#received.slice(end + 1);
      this.#failed.shift();
      this.#waiting.shift()?.(line);
    }
  }

  #onClosed(error: Error): void {
    this.#end ??= error;
    this.#waiting.length = 0;
    for (const reject of this.#failed.splice(0)) reject(this.#end);
  }
}
