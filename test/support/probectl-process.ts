import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { descendants } from './descendants.js';
import { ownPrograms, type Programs } from './programs.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProbectlOptions {
  readonly programs?: Programs;
  /** A command that runs it, such as `ip netns exec lab`. */
  readonly before?: readonly string[];
  /** Goes over the environment of the tests. */
  readonly more?: NodeJS.ProcessEnv;
  /** When it is killed, whatever it does. */
  readonly timeoutMs?: number;
  /** Whether it is a process group of its own, as a command line in a terminal is. */
  readonly isGroup?: boolean;
}

/** `probectl` as a process of its own. */
export class ProbectlProcess implements AsyncDisposable {
  readonly #printed = { stdout: '', stderr: '' };
  readonly #child;
  /** Resolves when it has ended and all it printed was read. */
  readonly ended: Promise<Ran>;

  /** @param folder  the runtime directory of the daemon it is for */
  constructor(
    folder: string,
    args: readonly string[],
    { programs = ownPrograms, before = [], more = {}, timeoutMs = 60_000, isGroup = false }: ProbectlOptions = {},
  ) {
    const env = { ...process.env, RUNTIME_DIRECTORY: folder, XDG_CONFIG_HOME: folder, PROBED_SOCKET: '', ...more };
    const { command, node = process.execPath, ...user } = programs;
    const options = { ...user, env, timeout: timeoutMs, killSignal: 'SIGKILL', detached: isGroup } as const;
    const [program, ...rest] = [...before, node, ...command('cli/main'), ...args];
    this.#child = spawn(program, rest, options);
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#printed.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#printed.stderr += text));
    this.ended = once(this.#child, 'close').then(() => ({ code: this.#child.exitCode, ...this.#printed }));
  }

  /** Resolves when it has printed `text`. */
  async printed(text: string): Promise<void> {
    while (!this.#printed.stdout.includes(text)) {
      if (this.#child.exitCode !== null) throw new Error(`ended without printing "${text}": ${this.#printed.stderr}`);
      await once(this.#child.stdout, 'data');
    }
  }

  /** Resolves when what it has printed matches. */
  async matched(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#printed.stdout);
      if (match) return match;
      if (this.#child.exitCode !== null) throw new Error(`ended without ${String(pattern)}: ${this.#printed.stderr}`);
      await once(this.#child.stdout, 'data');
    }
  }

  /** Resolves when what it has said on standard error matches. */
  async said(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#printed.stderr)) {
      if (this.#child.exitCode !== null) throw new Error(`ended without ${String(pattern)}: ${this.#printed.stderr}`);
      await once(this.#child.stderr, 'data');
    }
  }

  /** Types on its standard input. */
  type(text: string): void {
    this.#child.stdin.write(text);
  }

  /** Undefined: it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The processes it has started. */
  get descendants(): readonly number[] {
    return this.#child.pid === undefined ? [] : descendants(this.#child.pid);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** As a terminal does on Ctrl-C. Needs `isGroup`. */
  killGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
  }

  interrupt(): Promise<Ran> {
    this.kill('SIGINT');
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt();
  }
}

/** Runs probectl to its end. */
export function runProbectl(folder: string, ...args: readonly string[]): Promise<Ran> {
  return new ProbectlProcess(folder, args).ended;
}
