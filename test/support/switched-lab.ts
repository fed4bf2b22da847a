import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { DaemonProcess } from './daemon-process.js';
import { ip, namespacesOrSkip } from './namespaces.js';
import type { Programs } from './programs.js';
import { ProbectlProcess, type Ran } from './probectl-process.js';

/** Machines at one switch: network namespaces, each with a host name of its own. What one multicasts, all hear. */
export class SwitchedLab implements AsyncDisposable {
  readonly #switch = `probed-sw-${process.pid}`;
  readonly #machines: string[] = [];
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'probed-lab-'));

  private constructor() {
    ip('netns', 'add', this.#switch);
    try {
      // Without snooping, which forgets who listens where nobody asks.
      ip('-n', this.#switch, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
      ip('-n', this.#switch, 'link', 'set', 'br0', 'up');
    } catch (error) {
      this.#remove();
      throw error;
    }
  }

  /** See `namespacesOrSkip`. */
  static orSkip(suite: Mocha.Context): SwitchedLab {
    return namespacesOrSkip(suite, () => new SwitchedLab());
  }

  /** Adds a machine with the next address, 10.96.0.1 and up. */
  machine(hostname: string): Machine {
    const number = this.#machines.length + 1;
    const namespace = `probed-m${number}-${process.pid}`;
    ip('netns', 'add', namespace);
    this.#machines.push(namespace);
    ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', `m${number}`, 'netns', this.#switch);
    ip('-n', this.#switch, 'link', 'set', `m${number}`, 'master', 'br0', 'up');
    // Without the second in which an IPv6 address is looked for at others.
    ip('netns', 'exec', namespace, 'sysctl', '-qw', 'net.ipv6.conf.eth0.accept_dad=0');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    const address = `10.96.0.${number}`;
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    return new Machine(namespace, hostname, address, path.join(this.#folder, `${namespace}.toml`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#remove();
  }

  #remove(): void {
    for (const namespace of [...this.#machines, this.#switch]) ip('netns', 'delete', namespace);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class Machine {
  constructor(
    private readonly namespace: string,
    private readonly hostname: string,
    readonly address: string,
    private readonly configFile: string,
  ) {}

  /** What to put before a command to run it on this machine. */
  get before(): readonly string[] {
    const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$0"; exec "$@"', this.hostname];
    return ['ip', 'netns', 'exec', this.namespace, ...named];
  }

  /** Starts a daemon with simulated probes. */
  async daemon(probes: number, config: string, programs: Programs): Promise<DaemonProcess> {
    this.configure(config);
    const args = ['--config', this.configFile, '--simulate', String(probes)];
    const daemon = DaemonProcess.spawn(args, undefined, programs, { before: this.before });
    await daemon.printed(probes);
    return daemon;
  }

  /** Writes the text of the config file its daemon reads. */
  configure(config: string): void {
    writeFileSync(this.configFile, config);
  }

  /** Runs probectl on this machine to its end. @param folder  the runtime directory of the daemon it is for */
  probectl(programs: Programs, folder: string, ...args: readonly string[]): Promise<Ran> {
    return new ProbectlProcess(folder, args, { programs, before: this.before }).ended;
  }
}
