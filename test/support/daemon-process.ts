import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { ownPrograms, type Programs } from './programs.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** `probed` as a process of its own, started as a user would. */
export class DaemonProcess implements AsyncDisposable {
  readonly #lines: string[] = [];
  readonly #exit: Promise<Exit>;
  #stderr = '';
  #onLine: () => unknown = () => undefined;

  constructor(
    readonly process: ChildProcess,
    /** Its runtime and state directory, of its own. */
    readonly folder: string,
    private readonly ownsFolder: boolean,
  ) {
    assert(process.stdout && process.stderr);
    createInterface({ input: process.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#onLine();
    });
    process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#exit = once(process, 'close').then(() => ({ code: process.exitCode, signal: process.signalCode }));
  }

  /**
   * @param given    its runtime and state directory, which stays; left out: a new one, which goes with it
   * @param before   a command that runs it, such as `ip netns exec lab`
   * @param more     variables of its environment
   * @param limitMs  it is killed after that: a test that waits for its end in vain must not wait for ever
   */
  static spawn(
    args: readonly string[],
    given?: string,
    programs: Programs = ownPrograms,
    {
      before = [],
      more = {},
      limitMs = 300_000,
    }: { readonly before?: readonly string[]; readonly more?: NodeJS.ProcessEnv; readonly limitMs?: number } = {},
  ): DaemonProcess {
    const folder = given ?? mkdtempSync(path.join(tmpdir(), 'probed-test-'));
    const env = {
      ...process.env,
      RUNTIME_DIRECTORY: folder,
      STATE_DIRECTORY: path.join(folder, 'state'),
      LOGS_DIRECTORY: path.join(folder, 'log'),
      XDG_CONFIG_HOME: folder,
      ...more,
    };
    const { command, node = process.execPath, ...user } = programs;
    const options = { ...user, env, timeout: limitMs, killSignal: 'SIGKILL' } as const;
    const [program, ...rest] = [...before, node, ...command('main'), ...args];
    const child = spawn(program, rest, options);
    return new DaemonProcess(child, folder, given === undefined);
  }

  /** Starts it with simulated probes on ports that the system chooses, and waits until they are served. */
  static async serving(probes: number, ...args: readonly string[]): Promise<DaemonProcess> {
    return DaemonProcess.#serve(probes, ['--simulate', String(probes), ...args]);
  }

  /** As `serving`, with one probe for each of the options of `--simulate`. */
  static async simulating(options: readonly string[], ...args: readonly string[]): Promise<DaemonProcess> {
    return DaemonProcess.#serve(options.length, [...options.flatMap((option) => ['--simulate', option]), ...args]);
  }

  static async #serve(probes: number, args: readonly string[]): Promise<DaemonProcess> {
    const port = args.includes('--port') ? [] : ['--port', '0'];
    const daemon = DaemonProcess.spawn([...port, '--log-level', 'debug', ...args]);
    await daemon.printed(probes);
    return daemon;
  }

  /** Resolves when it has printed so many lines: one for each probe. */
  async printed(count: number): Promise<void> {
    const failed = this.#exit.then(({ code }) => {
      throw new Error(`probed ended with code ${code}: ${this.stderr}`);
    });
    failed.catch(() => undefined); // an exit later on is no failure
    const ready = new Promise<void>((resolve) => {
      this.#onLine = () => this.#lines.length >= count && resolve();
      this.#onLine();
    });
    await Promise.race([ready, failed]);
  }

  /** What it printed on standard output. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get lastLine(): string {
    return this.#stderr.trimEnd().split('\n').at(-1) ?? '';
  }

  /** Resolves when it has logged a line with `text`. @param from  where in the log to begin */
  async logged(text: string, from = 0): Promise<void> {
    while (!this.#stderr.includes(text, from)) {
      assert(this.process.stderr && this.process.exitCode === null, `ended without logging "${text}": ${this.#stderr}`);
      await once(this.process.stderr, 'data');
    }
  }

  /** The ports it says it serves, in the order of its lines. */
  get ports(): readonly number[] {
    return this.#lines.map((line) => Number(/remote:localhost:(\d+)/.exec(line)?.[1]));
  }

  /** Resolves when it has ended and all it printed was read. */
  get exit(): Promise<Exit> {
    return this.#exit;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.process.kill(signal);
    return this.#exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    await this.#exit;
    if (this.ownsFolder) rmSync(this.folder, { recursive: true, force: true });
  }
}
