import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** The command that runs the stock pyOCD client, or undefined: then its tests cannot run. */
export const pyocdCommand = process.env.PYOCD;

/** gdb for Arm, where there is one. */
export const gdbCommand = ['gdb-multiarch', 'arm-none-eabi-gdb'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

/** Skips the suite without pyOCD, and says so: a suite that did not run must not look as if it had. */
export function requirePyocd(suite: Mocha.Context): void {
  if (pyocdCommand !== undefined) return;
  console.log('real client: NOT RUN (set PYOCD to a pyOCD command)');
  suite.skip();
}

export interface ClientRun {
  readonly code: number | null;
  /** Standard output and standard error, in the order they came. */
  readonly output: string;
}

/** A program that goes on until it is stopped. */
export class RunningClient implements AsyncDisposable {
  output = '';
  /** Looks whether what is waited for has come. */
  #look = (): void => undefined;
  readonly #ended: Promise<unknown>;

  constructor(readonly process: ChildProcess) {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#look();
      });
    }
    this.#ended = once(process, 'close').then(() => this.#look());
  }

  /** Resolves when it has printed something that matches. */
  printed(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#look = () => {
        if (pattern.test(this.output)) resolve();
        else if (this.process.exitCode !== null || this.process.signalCode !== null) {
          reject(new Error(`ended without printing ${String(pattern)}:\n${this.output}`));
        }
      };
      this.#look();
    });
  }

  async finished(): Promise<ClientRun> {
    await this.#ended;
    return { code: this.process.exitCode, output: this.output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGINT');
    await this.#ended;
  }
}

/** What a client may take that works on this machine alone. */
const TIMEOUT_MS = 30_000;

/** Starts the stock client; it is killed after half a minute, whatever it does. */
export function startPyocd(...args: readonly string[]): RunningClient {
  return startProgram(pyocdCommand ?? 'pyocd', args);
}

export function startProgram(program: string, args: readonly string[], timeoutMs = TIMEOUT_MS): RunningClient {
  return new RunningClient(spawn(program, args, { timeout: timeoutMs, killSignal: 'SIGKILL' }));
}

/** Runs the stock client to its end. */
export function pyocd(...args: readonly string[]): Promise<ClientRun> {
  return startPyocd(...args).finished();
}

/** Runs commands in the stock client's commander, connected to a served probe. */
export function commander(port: number, commands: readonly string[], ...args: readonly string[]): Promise<ClientRun> {
  const target = args.includes('-t') ? [] : ['-t', 'cortex_m'];
  return pyocd('cmd', '-u', `remote:localhost:${port}`, ...target, ...args, ...commands.flatMap((c) => ['-c', c]));
}
