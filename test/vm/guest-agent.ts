import { once } from 'node:events';
import type net from 'node:net';
import { createInterface } from 'node:readline';
import { connectSoon } from './connect-soon.js';

export interface CommandResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly timeoutMs?: number;
  /** What the program reads on standard input. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** The agent ends a program in time; this is for an agent that does not answer. */
const ANSWER_GRACE_MS = 15_000;

/** The other end of guest/files/opt/vm-agent/agent.js: does things inside the guest, as root. */
export class GuestAgent implements AsyncDisposable {
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  private constructor(private readonly socket: net.Socket) {
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => this.#onLine(line));
    lines.on('error', () => undefined); // the socket's: close tells
    socket.on('close', () => this.#failAll(new Error('the guest has ended')));
  }

  static async connect(socketPath: string, signal: AbortSignal): Promise<GuestAgent> {
    return new GuestAgent(await connectSoon(socketPath, signal));
  }

  /** Runs a program to its end, whatever its exit code. */
  run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, ...rest } = options;
    return this.call('run', { argv, timeoutMs, ...rest }, timeoutMs) as Promise<CommandResult>;
  }

  /** @returns what a program printed. @throws Error  if it fails, with all it printed */
  async output(argv: readonly string[], options?: CommandOptions): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(argv, options);
    if (code !== 0) {
      throw new Error(`in the guest: ${argv.join(' ')}: ${signal ?? `exit ${code}`}\n${stdout}${stderr}`);
    }
    return stdout;
  }

  /** @returns what a shell script printed. @throws Error  as `output` */
  shell(script: string, options?: CommandOptions): Promise<string> {
    return this.output(['sh', '-ec', script], options);
  }

  async readFile(path: string): Promise<Buffer> {
    return Buffer.from(String(await this.call('read', { path })), 'base64');
  }

  async writeFile(path: string, data: string | Uint8Array, mode = 0o644): Promise<void> {
    await this.call('write', { path, mode, data: Buffer.from(data).toString('base64') });
  }

  /** Runs an operation of the agent, or of a module that was loaded into it. */
  call(operation: string, args: object = {}, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`the guest did not answer "${operation}" in ${timeoutMs + ANSWER_GRACE_MS} ms`));
      }, timeoutMs + ANSWER_GRACE_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      this.socket.write(`${JSON.stringify({ id, operation, ...args })}\n`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  #onLine(line: string): void {
    const { id, result, error } = JSON.parse(line) as { id?: number; result?: unknown; error?: string };
    const waiting = this.#waiting.get(id ?? 0);
    if (!waiting) return; // it says that it is ready, or answers too late
    this.#waiting.delete(id ?? 0);
    clearTimeout(waiting.timer);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(`in the guest: ${error}`));
  }

  #failAll(error: Error): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#waiting.clear();
  }
}
