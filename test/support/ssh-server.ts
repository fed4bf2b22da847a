import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { descendants } from './descendants.js';
import { freePort } from './free-port.js';
import { ownPrograms, type Programs } from './programs.js';

const SSHD = '/usr/sbin/sshd';

/** Whether there are OpenSSH's server and client. */
export function hasSshd(): boolean {
  return existsSync(SSHD) && spawnSync('ssh', ['-V']).status === 0;
}

/** Skips the suite where there is no OpenSSH server, and says so. */
export function requireSshd(suite: Mocha.Context): void {
  if (hasSshd()) return;
  console.log('ssh: NOT RUN (install openssh-server and openssh-client)');
  suite.skip();
}

export interface SshServerOptions {
  /** The address it listens on; that of loopback if left out. */
  readonly address?: string;
  /** A command that runs it, such as `ip netns exec lab`. */
  readonly before?: readonly string[];
  /** The probectl of "lab"; `ownPrograms` if left out. */
  readonly programs?: Programs;
}

/** A real sshd with keys of its own; "lab" is its name for the ssh in `binFolder`. */
export class SshServer implements AsyncDisposable {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'probed-ssh-'));
  /** To be put first in PATH: the user's ssh with this test's config. */
  readonly binFolder = path.join(this.folder, 'bin');
  #sshd: ReturnType<typeof spawn> | undefined;
  #logins = 0;

  private constructor(
    readonly port: number,
    private readonly daemonFolder: string,
    private readonly options: Required<SshServerOptions>,
  ) {}

  /** @param daemonFolder  the runtime directory of the daemon that probectl finds on "lab" */
  static async start(
    daemonFolder: string,
    { address = '127.0.0.1', before = [], programs = ownPrograms }: SshServerOptions = {},
  ): Promise<SshServer> {
    const server = new SshServer(await freePort(), daemonFolder, { address, before, programs });
    server.#writeFiles();
    await server.restart();
    return server;
  }

  /** The environment of a user who can log in. */
  get env(): NodeJS.ProcessEnv {
    return { PATH: `${this.binFolder}:${process.env.PATH ?? ''}` };
  }

  async restart(): Promise<void> {
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true }); // its privilege separation directory
    const command = [...this.options.before, SSHD, '-D', '-e', '-f', path.join(this.folder, 'sshd_config')];
    const sshd = spawn(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#sshd = sshd;
    let log = '';
    while (!log.includes('Server listening on')) {
      if (sshd.exitCode !== null) throw new Error(`sshd ended: ${log}`);
      log += String(await once(sshd.stderr, 'data'));
    }
    createInterface(sshd.stderr).on('line', (line) => {
      if (line.startsWith('Accepted publickey')) this.#logins++;
    });
  }

  /** How often somebody has logged in. */
  get logins(): number {
    return this.#logins;
  }

  /** The processes that serve those who are logged in: sshd forks for every connection, and again for its user. */
  get connections(): readonly number[] {
    return this.#sshd?.pid === undefined ? [] : descendants(this.#sshd.pid);
  }

  /** Ends the listener and every connection, as a machine that goes down. */
  async stop(): Promise<void> {
    const sshd = this.#sshd;
    if (!sshd?.pid) return;
    const ended = once(sshd, 'close');
    for (const pid of [...this.connections, sshd.pid]) killIfThere(pid);
    await ended;
    this.#sshd = undefined;
  }

  /** From now on the user's key is good for less. @param options  sshd(8), "AUTHORIZED_KEYS FILE FORMAT" */
  restrictKey(options: string): void {
    const key = readFileSync(path.join(this.folder, 'user_key.pub'), 'utf8');
    writeFileSync(path.join(this.folder, 'authorized_keys'), `${options} ${key}`);
  }

  /** Writes the user's ssh_config anew, with these lines for "lab" more. */
  configure(lines: readonly string[]): void {
    const at = (name: string): string => path.join(this.folder, name);
    writeFileSync(
      at('ssh_config'),
      `Host lab
  HostName ${this.options.address}
  Port ${this.port}
  User ${userInfo().username}
  IdentityFile ${at('user_key')}
  IdentitiesOnly yes
  BatchMode yes
  UserKnownHostsFile ${at('known_hosts')}
${lines.map((line) => `  ${line}\n`).join('')}`,
    );
  }

  /** The arguments of each probectl that was run through it, the newest last. */
  get asked(): readonly string[] {
    return readFileSync(path.join(this.folder, 'asked'), 'utf8').trim().split('\n');
  }

  /** Puts something else in the place of probectl on "lab". @param line  of a shell */
  replaceProbectl(line: string): void {
    script(path.join(this.folder, 'remote-bin/probectl'), line);
  }

  /** Lets the host be another one than the user has known. */
  changeHostKey(): void {
    rmSync(path.join(this.folder, 'host_key'));
    keygen(path.join(this.folder, 'host_key'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #writeFiles(): void {
    const at = (name: string): string => path.join(this.folder, name);
    mkdirSync(this.binFolder);
    keygen(at('host_key'));
    keygen(at('user_key'));
    copyFileSync(at('user_key.pub'), at('authorized_keys'));
    const hostKey = readFileSync(at('host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(at('known_hosts'), `[${this.options.address}]:${this.port} ${hostKey}\n`);
    const remoteBin = at('remote-bin');
    mkdirSync(remoteBin);
    writeFileSync(
      at('sshd_config'),
      `Port ${this.port}
ListenAddress ${this.options.address}
HostKey ${at('host_key')}
AuthorizedKeysFile ${at('authorized_keys')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
SetEnv PATH=${remoteBin}:${process.env.PATH ?? ''}
`,
    );
    this.configure([]);
    script(path.join(this.binFolder, 'ssh'), `exec /usr/bin/ssh -F ${at('ssh_config')} "$@"`);
    const { node = process.execPath, command, cwd } = this.options.programs;
    script(
      path.join(remoteBin, 'probectl'),
      `echo "$@" >> ${at('asked')}; cd ${cwd} && RUNTIME_DIRECTORY=${this.daemonFolder} PROBED_SOCKET= exec ${[node, ...command('cli/main')].join(' ')} "$@"`,
    );
  }
}

function script(file: string, line: string): void {
  writeFileSync(file, `#!/bin/sh\n${line}\n`);
  chmodSync(file, 0o755);
}

function keygen(file: string): void {
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}
