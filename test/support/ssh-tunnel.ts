import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { freePort } from './free-port.js';
import type { SshServer } from './ssh-server.js';

/** `ssh -L`: a port of this machine that leads to one of "lab". */
export class SshTunnel implements Disposable {
  readonly #ssh;

  private constructor(
    readonly port: number,
    command: readonly string[],
    env: NodeJS.ProcessEnv,
  ) {
    const [program, ...args] = command;
    this.#ssh = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** @param before  a command that runs ssh, such as `ip netns exec near` */
  static async open(to: number, sshd: SshServer, before: readonly string[] = []): Promise<SshTunnel> {
    const port = await freePort();
    const command = [...before, 'ssh', '-v', '-N', '-L', `127.0.0.1:${port}:127.0.0.1:${to}`, 'lab'];
    const tunnel = new SshTunnel(port, command, { ...process.env, ...sshd.env });
    await tunnel.#opened();
    return tunnel;
  }

  [Symbol.dispose](): void {
    this.#ssh.kill();
  }

  async #opened(): Promise<void> {
    const ssh = this.#ssh;
    let said = '';
    ssh.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const ended = once(ssh, 'close');
    // ssh(1), -v: this comes when the forwardings are there.
    while (!said.includes('Entering interactive session')) {
      if (ssh.exitCode !== null) throw new Error(`ssh has ended: ${said}`);
      await Promise.race([once(ssh.stderr, 'data'), ended]);
    }
  }
}
