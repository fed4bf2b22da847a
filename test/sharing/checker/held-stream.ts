import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { resetSocket } from '../../../src/base/reset-socket.js';

const LF = '\n'.charCodeAt(0);

/** A connection to the server of a probe over a slow network: what is sent is under way until `release`. */
export class HeldStream extends Duplex {
  #underWay: Buffer[] = [];
  #isOpen = false;
  #unanswered = 0;
  #wake = (): void => undefined;

  private constructor(private readonly socket: Socket) {
    super();
    socket.on('data', (chunk: Buffer) => {
      this.#unanswered -= linesIn(chunk);
      this.push(chunk); // and is read before anything that comes later
      this.#wake();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
    this.on('close', () => this.#wake());
  }

  static async connect(port: number): Promise<HeldStream> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new HeldStream(socket);
  }

  /** Requests that have no reply yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** What is under way arrives now, all at once, and what follows without delay. */
  flow(): void {
    this.#isOpen = true;
    this.#send();
  }

  /** The same, until every request is answered. */
  async release(): Promise<void> {
    this.flow();
    while (this.#unanswered > 0 && !this.destroyed) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#isOpen = false;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#unanswered += linesIn(chunk);
    this.#underWay.push(chunk);
    if (this.#isOpen) this.#send();
    done();
  }

  override _read(): void {
    // whatever comes is pushed
  }

  override _final(done: () => void): void {
    this.#send();
    this.socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.socket.destroyed) resetSocket(this.socket);
    done(error);
  }

  #send(): void {
    const bytes = Buffer.concat(this.#underWay.splice(0));
    if (bytes.length > 0) this.socket.write(bytes);
  }
}

function linesIn(chunk: Buffer): number {
  return chunk.reduce((lines, byte) => lines + Number(byte === LF), 0);
}
