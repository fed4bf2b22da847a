// Whether a signal that we get was sent to all of our process group, or to us alone.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Says each signal it gets, and an answer to each line it reads; a read that a signal has interrupted is not the end. */
const SCRIPT = `
for name in HUP INT QUIT TERM; do trap "woken=1; echo SIG$name" "$name"; done
echo answer
while :; do
  woken=
  if read -r _; then echo answer; elif [ -z "$woken" ]; then exit; fi
done`;

/**
 * On Ctrl-C a terminal sends SIGINT to each process of its foreground group, and so do others to a group that they end;
 * `kill` sends it to one process. Node does not tell who has sent a signal (si_code, si_pid), so another process of our
 * group looks out for the same ones: what it has not seen was for us alone. A group gets a signal in one go, so whoever
 * asks after having got it asks late enough.
 */
export class SignalWitness implements Disposable {
  readonly #shell = spawn('sh', ['-c', SCRIPT], { stdio: ['pipe', 'pipe', 'ignore'] });
  readonly #seen = new Set<string>();
  /** Those who wait for an answer, in order. */
  #waiting: (() => void)[] = [];
  #hasEnded = false;

  private constructor() {
    createInterface({ input: this.#shell.stdout }).on('line', (line) => {
      if (line === 'answer') this.#waiting.shift()?.();
      else this.#seen.add(line);
    });
    this.#shell.stdin.on('error', () => undefined); // it has ended, which is seen below
    for (const event of ['close', 'error']) this.#shell.once(event, () => this.#end());
  }

  /** @returns  when it looks out; without a shell there is one that never sees anything */
  static async start(): Promise<SignalWitness> {
    const witness = new SignalWitness();
    await witness.#answer();
    return witness;
  }

  /** Whether our process group has got the signal that we have just got. */
  async hasSeen(signal: NodeJS.Signals): Promise<boolean> {
    const answered = this.#answer();
    this.#shell.stdin.write('\n');
    await answered;
    return this.#seen.delete(signal);
  }

  [Symbol.dispose](): void {
    this.#shell.kill('SIGKILL');
  }

  #answer(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#hasEnded) resolve();
      else this.#waiting.push(resolve);
    });
  }

  #end(): void {
    this.#hasEnded = true;
    for (const resolve of this.#waiting) resolve();
    this.#waiting = [];
  }
}
