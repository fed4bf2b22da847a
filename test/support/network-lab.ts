import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';

/**
 * Three network namespaces in a row: the lab host, a router, and a developer's machine. The cable between them can be
 * pulled: the router goes on taking packets, and drops them all. Neither end sees anything of it but silence.
 */
export class NetworkLab implements AsyncDisposable {
  readonly labAddress = '10.98.1.1';
  readonly #clients = new Set<LabClient>();
  readonly #lab = `probed-lab-${process.pid}`;
  readonly #router = `probed-mid-${process.pid}`;
  readonly #developer = `probed-dev-${process.pid}`;

  private constructor() {
    try {
      this.#build();
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  #build(): void {
    for (const name of [this.#lab, this.#router, this.#developer]) ip('netns', 'add', name);
    this.#connect(this.#lab, 'lab0', '10.98.1');
    this.#connect(this.#developer, 'dev0', '10.98.2');
    this.#forward(true);
  }

  /** Skips the suite where namespaces cannot be made, and says so: a suite that did not run must not look as if it had. */
  static orSkip(suite: Mocha.Context): NetworkLab {
    try {
      return new NetworkLab();
    } catch (error) {
      console.log(`network namespaces: NOT RUN (they take root and iproute2: ${String(error).split('\n')[0]})`);
      return suite.skip();
    }
  }

  /** What to put before a command to run it on the lab host. */
  get onLabHost(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#lab];
  }

  pullCable(): void {
    this.#forward(false);
  }

  /** The cable is in, and no client is left. */
  async tidy(): Promise<void> {
    this.#forward(true);
    for (const client of this.#clients) await client.kill();
    this.#clients.clear();
  }

  /**
   * Starts a client that sends lines and never ends by itself.
   * @returns once `replies` lines have come back
   */
  async client(
    where: 'lab' | 'developer',
    port: number,
    replies: number,
    requests: readonly unknown[][],
  ): Promise<LabClient> {
    const name = where === 'lab' ? this.#lab : this.#developer;
    const lines = requests.map(([request, ...args], id) => JSON.stringify({ id, request, arguments: args }));
    const command = [
      'netns',
      'exec',
      name,
      process.execPath,
      '-e',
      program,
      this.labAddress,
      String(port),
      String(replies),
    ];
    const client = spawn('ip', [...command, ...lines], { timeout: 120_000, killSignal: 'SIGKILL' });
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
    for (const name of [this.#lab, this.#router, this.#developer]) {
      try {
        ip('netns', 'delete', name);
      } catch {
        // one that could not be made
      }
    }
  }

  /** A machine and the router get a cable between them, and the machine a route through it. */
  #connect(name: string, device: string, network: string): void {
    ip('link', 'add', device, 'netns', name, 'type', 'veth', 'peer', 'name', device, 'netns', this.#router);
    ip('-n', name, 'address', 'add', `${network}.1/24`, 'dev', device);
    ip('-n', this.#router, 'address', 'add', `${network}.2/24`, 'dev', device);
    for (const end of [name, this.#router]) ip('-n', end, 'link', 'set', device, 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
    ip('-n', name, 'route', 'add', 'default', 'via', `${network}.2`);
  }

  #forward(on: boolean): void {
    ip('netns', 'exec', this.#router, 'sh', '-c', `echo ${on ? 1 : 0} > /proc/sys/net/ipv4/ip_forward`);
  }
}

/** A client in a namespace, to be killed. */
export class LabClient {
  constructor(private readonly process: ChildProcess) {}

  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill('SIGKILL');
    await once(this.process, 'close');
  }
}

const program = `
  const [host, port, replies, ...lines] = process.argv.slice(1);
  const socket = require('node:net').connect(Number(port), host);
  socket.write(lines.map((line) => line + '\\n').join(''));
  let received = 0;
  const note = () => received >= Number(replies) && process.stdout.write('sent');
  socket.on('connect', note);
  socket.on('data', (data) => { received += data.toString().split('\\n').length - 1; note(); });
  socket.on('error', () => undefined);
  setInterval(() => undefined, 1000);
`;

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: 'pipe', timeout: 10_000 });
}
