import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import koffi from 'koffi';

const libc = koffi.load(null);
const socket = libc.func('int socket(int, int, int)');
const bind = libc.func('int bind(int, const void *, unsigned int)');
const recv = libc.func('long recv(int, _Out_ void *, unsigned long, int)');
const shutdown = libc.func('int shutdown(int, int)');
const close = libc.func('int close(int)');
const receive = promisify<number, Uint8Array, number, number, number>(recv.async);

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SHUT_RDWR = 2;

/** The service manager's end of the notification socket, sd_notify(3): a datagram socket, which Node has not. */
export class NotifySocket implements AsyncDisposable {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'probed-notify-'));
  readonly #fd = Number(socket(AF_UNIX, SOCK_DGRAM, 0));
  readonly #messages: string[] = [];
  readonly #ended: Promise<void>;
  #onMessage: () => void = () => undefined;

  constructor() {
    const name = Buffer.from(this.path);
    const address = Buffer.concat([Buffer.from(Uint16Array.of(AF_UNIX).buffer), name, Buffer.of(0)]);
    assert.equal(bind(this.#fd, address, address.length), 0);
    this.#ended = this.#listen();
  }

  get path(): string {
    return path.join(this.#folder, 'notify');
  }

  /** What came, in order: "READY=1\nSTATUS=…". */
  get messages(): readonly string[] {
    return this.#messages;
  }

  /** Resolves with the first message that has `text` in it, also one that is here already. */
  async received(text: string): Promise<string> {
    for (;;) {
      const found = this.#messages.find((message) => message.includes(text));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#onMessage = resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    shutdown(this.#fd, SHUT_RDWR); // wakes the thread that waits
    await this.#ended;
    close(this.#fd);
    rmSync(this.#folder, { recursive: true });
  }

  async #listen(): Promise<void> {
    const buffer = new Uint8Array(4096);
    for (;;) {
      const sizeBytes = await receive(this.#fd, buffer, buffer.length, 0);
      if (sizeBytes <= 0) return;
      this.#messages.push(Buffer.from(buffer.subarray(0, sizeBytes)).toString());
      this.#onMessage();
    }
  }
}
