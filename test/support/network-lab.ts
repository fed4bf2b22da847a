import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { promisify } from 'node:util';
import { ip, namespacesOrSkip } from './namespaces.js';

/** The machines of the lab. Each has its number in the addresses: 10.98.1.1 and fd98:1::1 are those of the lab host. */
const machines = ['lab', 'developer', 'stranger'] as const;
export type LabMachine = (typeof machines)[number];

/**
 * Network namespaces: the lab host, a developer's machine and a stranger's, each with a cable to a router. The cables
 * can be pulled: the router goes on taking packets, and drops them all. Neither end sees anything of it but silence.
 */
export class NetworkLab implements AsyncDisposable {
  readonly labAddress = addressOf('lab');
  readonly #clients = new Set<LabClient>();
  readonly #router = `probed-mid-${process.pid}`;

  private constructor() {
    try {
      this.#build();
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  #build(): void {
    for (const name of this.#namespaces) ip('netns', 'add', name);
    for (const machine of machines) this.#connect(machine);
    this.#forward(true);
  }

  get #namespaces(): readonly string[] {
    return [...machines.map(namespaceOf), this.#router];
  }

  /** See `namespacesOrSkip`. */
  static orSkip(suite: Mocha.Context): NetworkLab {
    return namespacesOrSkip(suite, () => new NetworkLab());
  }

  /** What to put before a command to run it on one of the machines. */
  on(machine: LabMachine): readonly string[] {
    return ['ip', 'netns', 'exec', namespaceOf(machine)];
  }

  /**
   * Runs clients on one of the machines, all at once: each sends its lines, and goes when it has had a reply to each.
   * @param host  where to: an address of the lab host, or of the machine itself
   */
  async talk(
    machine: LabMachine,
    host: string,
    port: number,
    requests: readonly (readonly unknown[])[],
    clients = 1,
  ): Promise<readonly Talk[]> {
    const command = [...this.on(machine).slice(1), ...talkCommand(host, String(port), requests, clients)];
    const { stdout } = await promisify(execFile)('ip', command, { timeout: 60_000 });
    return JSON.parse(stdout) as Talk[];
  }

  /** Tries to connect. @returns "in", the code of an error, or "silence" after a second without an answer */
  async knock(machine: LabMachine, host: string, port: number): Promise<string> {
    const command = [...this.on(machine).slice(1), process.execPath, '-e', knockProgram, host, String(port)];
    return (await promisify(execFile)('ip', command, { timeout: 60_000 })).stdout;
  }

  pullCable(): void {
    this.#forward(false);
  }

  plugCable(): void {
    this.#forward(true);
  }

  /** The cable is in, and no client is left. */
  async tidy(): Promise<void> {
    this.plugCable();
    for (const client of this.#clients) await client.kill();
    this.#clients.clear();
  }

  /**
   * Starts a client that sends lines and never ends by itself.
   * @param host  where to: an address of the lab host, or of the machine itself
   * @returns once `replies` lines have come back
   */
  async client(
    where: LabMachine,
    port: number,
    replies: number,
    requests: readonly unknown[][],
    host = this.labAddress,
  ): Promise<LabClient> {
    const args = [holdProgram, host, String(port), String(replies), ...linesOf(requests)];
    const client = spawn('ip', [...this.on(where).slice(1), process.execPath, '-e', ...args], {
      timeout: 120_000,
      killSignal: 'SIGKILL',
    });
    await once(client.stdout, 'data');
    const made = new LabClient(client);
    this.#clients.add(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.tidy();
    this.#remove();
  }

  #remove(): void {
    for (const name of this.#namespaces) {
      try {
        ip('netns', 'delete', name);
      } catch {
        // one that could not be made
      }
    }
  }

  /** A machine and the router get a cable between them, and the machine routes through it. */
  #connect(machine: LabMachine): void {
    const [name, device] = [namespaceOf(machine), `${machine.slice(0, 3)}0`];
    ip('link', 'add', device, 'netns', name, 'type', 'veth', 'peer', 'name', device, 'netns', this.#router);
    for (const version of [4, 6] as const) {
      // Duplicate addresses are not looked for: that takes a second, and there are none.
      const more = version === 6 ? ['nodad'] : [];
      const add = ['address', 'add', 'dev', device, ...more];
      ip('-n', name, ...add, `${addressOf(machine, version)}/${version === 4 ? 24 : 64}`);
      ip('-n', this.#router, ...add, `${routerOf(machine, version)}/${version === 4 ? 24 : 64}`);
    }
    for (const end of [name, this.#router]) ip('-n', end, 'link', 'set', device, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    for (const version of [4, 6] as const)
      ip('-n', name, `-${version}`, 'route', 'add', 'default', 'via', routerOf(machine, version));
    // While the cable is coming up a connection over IPv6 would be made from ::1, and hang.
    const deadline = performance.now() + 5000;
    while (!ip('-n', name, '-6', 'route', 'get', routerOf(machine, 6)).includes(`src ${addressOf(machine, 6)}`))
      if (performance.now() > deadline) throw new Error(`${machine} has no way out over IPv6`);
  }

  #forward(on: boolean): void {
    for (const setting of ['ipv4/ip_forward', 'ipv6/conf/all/forwarding'])
      ip('netns', 'exec', this.#router, 'sh', '-c', `echo ${on ? 1 : 0} > /proc/sys/net/${setting}`);
  }
}

/** How one client's talk went. */
export interface Talk {
  /** As they came, each parsed. */
  readonly replies: readonly {
    readonly id: number;
    readonly status: number;
    readonly result?: unknown;
    readonly error?: string;
  }[];
  /** How many bytes came, of whatever kind. */
  readonly bytes: number;
  /** "done" when all was answered; else how the connection ended: "FIN", "ECONNRESET", "ECONNREFUSED". */
  readonly end: string;
}

/** The command that such clients are: it prints a list of `Talk`s as JSON. */
export function talkCommand(
  host: string,
  port: string,
  requests: readonly (readonly unknown[])[],
  clients = 1,
): readonly string[] {
  return [process.execPath, '-e', talkProgram, host, port, String(clients), ...linesOf(requests)];
}

/** The address of a machine. */
export function addressOf(machine: LabMachine, version: 4 | 6 = 4): string {
  return version === 4 ? `10.98.${numberOf(machine)}.1` : `fd98:${numberOf(machine)}::1`;
}

function routerOf(machine: LabMachine, version: 4 | 6): string {
  return version === 4 ? `10.98.${numberOf(machine)}.2` : `fd98:${numberOf(machine)}::2`;
}

function numberOf(machine: LabMachine): number {
  return machines.indexOf(machine) + 1;
}

function namespaceOf(machine: LabMachine): string {
  return `probed-${machine.slice(0, 3)}-${process.pid}`;
}

function linesOf(requests: readonly (readonly unknown[])[]): readonly string[] {
  return requests.map(([request, ...args], id) => JSON.stringify({ id, request, arguments: args }));
}

/** A client in a namespace, to be killed. */
export class LabClient {
  /** Resolves when its process has ended, by itself once its connection has. */
  readonly ended: Promise<unknown>;
  #received = '';

  constructor(private readonly process: ChildProcessWithoutNullStreams) {
    this.ended = once(process, 'close');
    process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#received += text));
  }

  /** The lines that came back so far. */
  get received(): readonly string[] {
    return this.#received.split('\n').slice(0, -1);
  }

  /** Sends one more. */
  send(id: number, request: string, ...args: readonly unknown[]): void {
    this.process.stdin.write(`${JSON.stringify({ id, request, arguments: args })}\n`);
  }

  /** Sends one more, and waits for the reply. */
  async answers(id: number, request: string, ...args: readonly unknown[]): Promise<void> {
    this.send(id, request, ...args);
    const isReply = (line: string): boolean => (JSON.parse(line) as { readonly id: number }).id === id;
    while (!this.received.some(isReply)) await once(this.process.stderr, 'data');
  }

  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
  }
}

const knockProgram = `
  const [host, port] = process.argv.slice(1);
  const end = (how) => { process.stdout.write(how); process.exit(); };
  require('node:net').connect(Number(port), host, () => end('in')).on('error', ({ code }) => end(code));
  setTimeout(() => end('silence'), 1000);
`;

const holdProgram = `
  const [host, port, replies, ...lines] = process.argv.slice(1);
  const socket = require('node:net').connect(Number(port), host);
  socket.write(lines.map((line) => line + '\\n').join(''));
  let received = 0;
  const note = () => received >= Number(replies) && process.stdout.write('sent');
  socket.on('connect', note);
  socket.on('data', (data) => { received += data.toString().split('\\n').length - 1; process.stderr.write(data); note(); });
  socket.on('error', () => process.exit());
  process.stdin.on('data', (data) => socket.write(data));
`;

const talkProgram = `
  const [host, port, clients, ...lines] = process.argv.slice(1);
  const talk = () => new Promise((resolve) => {
    let text = '';
    const socket = require('node:net').connect(Number(port), host);
    const over = (end) => {
      socket.destroy();
      resolve({ replies: text.split('\\n').filter(Boolean).map((line) => JSON.parse(line)), bytes: text.length, end });
    };
    socket.write(lines.map((line) => line + '\\n').join(''));
    socket.setEncoding('latin1').on('data', (data) => {
      text += data;
      if (text.split('\\n').length > lines.length) over('done');
    });
    socket.on('end', () => over('FIN')).on('error', ({ code }) => over(code));
  });
  Promise.all(Array.from({ length: Number(clients) }, talk)).then((talks) => console.log(JSON.stringify(talks)));
`;
