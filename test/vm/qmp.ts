import { once } from 'node:events';
import type net from 'node:net';
import { createInterface } from 'node:readline';
import { connectSoon } from './connect-soon.js';

interface QmpMessage {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
}

/** The control connection of a QEMU: QMP, one command after the other. */
export class Qmp implements AsyncDisposable {
  readonly #replies: { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }[] = [];
  readonly #events: { readonly name: string; readonly resolve: () => void }[] = [];

  private constructor(private readonly socket: net.Socket) {
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => this.#onMessage(JSON.parse(line) as QmpMessage));
    lines.on('error', () => undefined); // the socket's: QEMU ended, as close tells
    socket.on('close', () => {
      for (const { reject } of this.#replies.splice(0)) reject(new Error('QEMU has ended'));
    });
  }

  static async connect(socketPath: string, signal: AbortSignal): Promise<Qmp> {
    const qmp = new Qmp(await connectSoon(socketPath, signal));
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  execute(command: string, args: object = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#replies.push({ resolve, reject });
      this.socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    });
  }

  /** A command of the monitor for people; some things there are nowhere else. @throws Error  with what it printed */
  async monitor(line: string): Promise<string> {
    const printed = String(await this.execute('human-monitor-command', { 'command-line': line }));
    if (/^(Error|invalid|unknown|could not)/im.test(printed)) throw new Error(`QEMU: ${line}: ${printed.trim()}`);
    return printed;
  }

  /** Resolves at the next such event. */
  event(name: string): Promise<void> {
    return new Promise((resolve) => this.#events.push({ name, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return;
    this.socket.destroy();
    await once(this.socket, 'close');
  }

  #onMessage(message: QmpMessage): void {
    if (message.event !== undefined) {
      for (const waiting of this.#events.filter(({ name }) => name === message.event)) {
        this.#events.splice(this.#events.indexOf(waiting), 1);
        waiting.resolve();
      }
      return;
    }
    if (!('return' in message) && !message.error) return; // the greeting
    const reply = this.#replies.shift();
    if (message.error) reply?.reject(new Error(`QEMU: ${message.error.desc}`));
    else reply?.resolve(message.return);
  }
}
