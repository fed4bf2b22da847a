// A stream to a program on another machine, over the user's own ssh: its keys, agents, jump hosts and config are the
// authentication, and there is nothing of it here.

import { Duplex } from 'node:stream';
import { systemClock } from '../../base/clock.js';
import { RequestError } from '../../base/errors.js';
import { hostAndPort } from '../../base/host-and-port.js';
import { shellWord } from '../../base/shell-word.js';
import type { TcpAddress } from '../../client/endpoint.js';
import type { SshHost } from './host.js';
import { destinationOf, NO_SSH, type SshOptions, type SshProcess, startSsh } from './ssh-process.js';

/** ssh, or what it ran, failed. */
export class SshError extends RequestError {}

/** ssh works, and does not connect us to an address of the host. */
export class ForwardingError extends SshError {
  /** @param isProhibited  by sshd's config; else nobody listens there */
  constructor(
    message: string,
    readonly isProhibited: boolean,
  ) {
    super(message);
  }
}

/** When the program at the other end has ended, and ssh has nothing else to do, it ends within that. */
const LINGERING_MS = 500;
/** Of what ssh says, the end is kept. */
const MAX_STDERR = 4096;
/** ssh(1), EXIT STATUS: an error of its own. */
const SSH_FAILED = 255;
/** POSIX, 2.8.2: the shell does not find the command. */
const NOT_FOUND = 127;
/** What daemon and probe say is JSON objects, and spaces between: a greeting of the shell that runs probectl there is none. */
const OPENING_BRACE = 0x7b;
const SPACE = 0x20;
/** Of what else comes, so much is told. */
const MAX_QUOTED = 60;
/** `ExitCode.Usage` of a probectl that does not know the command. */
const USAGE = 2;

/**
 * Runs `probectl ARGS` on a host. Whatever fails, now or later, is an `SshError` of the stream.
 * @param env  for ssh
 */
export function openSsh(
  host: SshHost,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  options: SshOptions = {},
): Duplex {
  // -T: no terminal, which would change bytes.
  const command = [host.probectl, ...args].map(shellWord).join(' '); // a shell reads it at the other end
  return new SshStream(startSsh(host, ['-T'], [command], env, options), host, options.lendsLogin);
}

/**
 * Connects to an address of a host, by sshd itself: no program of ours runs there. Whatever fails, now or later, is an
 * `SshError` of the stream, a `ForwardingError` where ssh itself works. That it works nobody says.
 * @param env  for ssh
 */
export function openForwarding(host: SshHost, address: TcpAddress, env: NodeJS.ProcessEnv): Duplex {
  return new SshStream(startSsh(host, ['-W', hostAndPort(address.host, address.port)], [], env), host);
}

class SshStream extends Duplex {
  #stderr = '';
  #lingering: Disposable | undefined;
  #hasEnded = false;

  constructor(
    private readonly child: SshProcess,
    private readonly host: SshHost,
    /** Whether it may have others that go through it, and then ends with the last of them. */
    private readonly lasts = false,
  ) {
    super();
    const listen = (chunk: Buffer): void => {
      const first = chunk.find((byte) => byte !== SPACE);
      if (first !== undefined) child.stdout.off('data', listen);
      if (first !== undefined && first !== OPENING_BRACE) this.destroy(this.#talkedOver(chunk));
    };
    child.stdout.on('data', listen);
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR);
    });
    child.stdin.on('error', () => undefined); // ssh has ended, and its exit says why
    child.once('error', (cause) => this.destroy(new SshError('ssh cannot be started', { cause })));
    // One that others go through stays until they have ended.
    child.stdout.once('end', () => (this.#lingering = systemClock.timer(LINGERING_MS, () => this.#ended(0))));
    // Not 'close': a connection that ssh shares (ControlMaster) keeps its standard error open.
    child.once('exit', (code) => systemClock.immediate(() => this.#ended(code)));
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.child.stdin.write(chunk)) done();
    else this.child.stdin.once('drain', done);
  }

  override _final(done: () => void): void {
    this.child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#lingering?.[Symbol.dispose]();
    if (this.lasts) this.child.stdin.end();
    else this.child.kill();
    done(error);
  }

  #ended(code: number | null): void {
    if (this.destroyed || this.#hasEnded) return;
    this.#hasEnded = true;
    if (code === 0) this.push(null);
    else this.destroy(this.#failed(code));
  }

  #talkedOver(chunk: Buffer): SshError {
    const said = chunk.toString('utf8').trim().split('\n', 1)[0].trim().slice(0, MAX_QUOTED);
    const command = `ssh ${destinationOf(this.host).join(' ')}`;
    return new SshError(
      `"${command}" says "${said}" where probectl should answer: let its start-up files print nothing`,
    );
  }

  /** One line that says what to do. */
  #failed(code: number | null): SshError {
    const { destination, probectl } = this.host;
    const lines = this.#stderr.trim().split('\n');
    const last = lines.at(-1)?.trim() ?? '';
    if (code === SSH_FAILED && /^stdio forwarding (request )?failed/i.test(last)) {
      return new ForwardingError(lines.at(-2)?.trim() ?? last, /prohibited/.test(this.#stderr));
    }
    if (code === SSH_FAILED) {
      const why = lines.find((line) => /verification failed|permission denied|could not resolve/i.test(line)) ?? last;
      return new SshError(`${why.trim() || 'ssh failed'}: make "ssh ${destinationOf(this.host).join(' ')}" work first`);
    }
    if (code === NOT_FOUND && last === NO_SSH) {
      return new SshError("there is no ssh on this machine: install OpenSSH's client");
    }
    if (code === NOT_FOUND) {
      return new SshError(`there is no ${probectl} on ${destination}: install probed there, or name it in the config`);
    }
    if (code === USAGE && last.includes('dial-stdio')) {
      return new SshError(`probectl on ${destination} is too old for --host: install the version of this one there`);
    }
    if (code === null) return new SshError(`ssh to ${destination} was killed`);
    return new SshError(`on ${destination}: ${last.replace(/^probectl: /, '') || `probectl ended with ${code}`}`);
  }
}
