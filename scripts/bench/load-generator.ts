// One process that keeps a number of clients busy, each in a closed loop: a request, its reply, the next request.
// Prints one JSON line. It does as little as possible per request, so that it is the server that is measured: requests
// are made once, and of a reply it looks at the status and the end.

import { once } from 'node:events';
import net from 'node:net';
import process from 'node:process';

/**
 * What a client does over and over: `lines` are sent one at a time, each after the reply to the one before. One that is
 * several lines in truth is sent as such, and all of it is answered before the next.
 */
export interface Workload {
  readonly host: string;
  /** Clients are spread over them evenly. */
  readonly ports: readonly number[];
  readonly clients: number;
  readonly seconds: number;
  /** Sent once at the start by every client. */
  readonly setup: readonly string[];
  readonly lines: readonly string[];
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Round trip times of what is sent in one go. */
  readonly p50Us: number;
  readonly p99Us: number;
  /** The share of one core that this process used: near 1, and it is the generator that was measured. */
  readonly generatorLoad: number;
}

const LF = 0x0a;
const DIGIT_0 = 0x30;
/** Samples kept; beyond it they are thinned out evenly enough by overwriting. */
const MAX_SAMPLES = 1 << 20;

class LoadClient {
  readonly #socket: net.Socket;
  readonly #lines: readonly Buffer[];
  /** How many requests each of them is. */
  readonly #counts: readonly number[];
  #reply = (): void => undefined;
  /** Replies that are due, and whether the next chunk begins with one. */
  #due = 0;
  #isFirstChunk = true;
  /** Where the status stands: in the same place in all replies, as their ids are the same. -1: there is none. */
  #statusAt: number | undefined;

  constructor(socket: net.Socket, lines: readonly string[]) {
    this.#socket = socket;
    this.#lines = lines.map((line) => Buffer.from(`${line}\n`));
    this.#counts = lines.map((line) => line.split('\n').length);
    socket.on('data', (chunk) => this.#take(chunk));
  }

  static async connect({ host, setup, lines }: Workload, port: number): Promise<LoadClient> {
    const socket = net.connect({ host, port, noDelay: true });
    await once(socket, 'connect');
    for (const line of setup) {
      socket.write(`${line}\n`);
      const [reply] = (await once(socket, 'data')) as [Buffer];
      if (/"status": ?[1-9]/.test(reply.toString())) throw new Error(`${line}: ${reply.toString()}`);
    }
    return new LoadClient(socket, lines);
  }

  /** Runs until `deadline`, and then to the end of its lines. */
  run(deadline: number, note: (microseconds: number, requests: number) => void): Promise<void> {
    return new Promise((resolve) => {
      let next = 0;
      let sent = 0;
      const send = (): void => {
        sent = performance.now();
        this.#due = this.#counts[next];
        this.#socket.write(this.#lines[next]);
      };
      this.#reply = () => {
        const now = performance.now();
        note((now - sent) * 1000, this.#counts[next]);
        next = (next + 1) % this.#lines.length;
        if (now < deadline || next !== 0) send();
        else resolve();
      };
      send();
    });
  }

  close(): void {
    this.#socket.resetAndDestroy();
  }

  #take(chunk: Buffer): void {
    if (this.#isFirstChunk) this.#requireSuccess(chunk);
    this.#isFirstChunk = chunk[chunk.length - 1] === LF;
    this.#due -= this.#due > 1 ? countOf(LF, chunk) : Number(this.#isFirstChunk);
    if (this.#due === 0) this.#reply();
  }

  /** Errors are cheap to answer: figures with some among them would be flattering. */
  #requireSuccess(chunk: Buffer): void {
    this.#statusAt ??= statusAt(chunk);
    if (this.#statusAt < 0 || this.#statusAt >= chunk.length || chunk[this.#statusAt] === DIGIT_0) return;
    throw new Error(`a request has failed: ${chunk.toString()}`);
  }
}

function countOf(byte: number, chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(byte); at >= 0; at = chunk.indexOf(byte, at + 1)) count++;
  return count;
}

function statusAt(reply: Buffer): number {
  const [name = ''] = /"status": ?/.exec(reply.toString('latin1')) ?? [];
  return name === '' ? -1 : reply.indexOf(name) + name.length;
}

async function generate(workload: Workload): Promise<LoadResult> {
  const clients: LoadClient[] = [];
  const { ports } = workload;
  for (let i = 0; i < workload.clients; i++) clients.push(await LoadClient.connect(workload, ports[i % ports.length]));
  const samples = new Float64Array(MAX_SAMPLES);
  let requests = 0;
  let noted = 0;
  const note = (us: number, count: number): void => {
    samples[noted++ % MAX_SAMPLES] = us;
    requests += count;
  };
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const deadline = start + workload.seconds * 1000;

  await Promise.all(clients.map((client) => client.run(deadline, note)));

  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  for (const client of clients) client.close();
  const sorted = samples.subarray(0, Math.min(noted, MAX_SAMPLES)).sort();
  const percentile = (share: number): number => sorted[Math.floor(sorted.length * share)];
  return {
    ...{ requests, seconds, p50Us: percentile(0.5), p99Us: percentile(0.99) },
    generatorLoad: (user + system) / 1e6 / seconds,
  };
}

const workload = JSON.parse(process.argv[2]) as Workload;
process.stdout.write(`${JSON.stringify(await generate(workload))}\n`);
