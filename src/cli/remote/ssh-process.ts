// The user's own ssh as a process of ours.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { endWithUs } from './end-with-us.js';
import type { SshHost } from './host.js';

export type SshProcess = ChildProcessByStdio<Writable, Readable, Readable>;

export interface SshOptions {
  /** Others that are started for the host may go through this one's connection. */
  readonly lendsLogin?: boolean;
}

/** What is said, with exit code 127, where there is no ssh. */
export const NO_SSH = 'no ssh';
/**
 * Where a network swallows every packet, ssh would try for minutes, less and less often. So long a host may take to say that
 * it is there; it sends its first packet again after 1 and 3 s, and we start it anew 1 s after it gave up (`forward`): the
 * network's return is noticed within 3 s. Passwords are typed later: ssh_config(5), ConnectTimeout. Not on a jump host, though,
 * nor for a command that connects: there the first word of the host itself is waited for all the while.
 */
const IN_TIME = 'set -- -o ConnectTimeout=5 "$@"';
/** Where somebody may be asked for a password, and as the user's config says. */
const IN_TIME_IF_DUE = `config=$(ssh -G "$@" 2> /dev/null)
case $config in
  *"\nproxyjump "* | *"\nproxycommand "*) ;;
  *"\nconnecttimeout none"*) ${IN_TIME} ;;
esac`;
/**
 * Ctrl-C or Ctrl-\ on a terminal reaches every process of the command line, and may be for the debugger that `run` has started:
 * ssh, which leaves a signal ignored that was (POSIX, 2.11), must not end by it. We end it ourselves.
 */
const deafSsh = (limit: string): string => `trap '' INT QUIT
command -v ssh > /dev/null || { echo '${NO_SSH}' >&2; exit 127; }
${limit}
exec ssh "$@"`;
/** What goes over the user's config, for people who log in: ssh_config(5). */
const SETTINGS = [
  // A link that is dead and does not say so, as after a laptop's sleep, is given up after 20 s.
  ...['ServerAliveInterval=5', 'ServerAliveCountMax=3'],
  // As scp does it.
  ...['RemoteCommand=none', 'PermitLocalCommand=no', 'ClearAllForwardings=yes', 'ForwardAgent=no', 'ForwardX11=no'],
];

/** The arguments that say to ssh which machine is meant. */
export function destinationOf({ destination, port }: SshHost): readonly string[] {
  return [...(port === undefined ? [] : ['-p', port]), destination];
}

/**
 * Starts it, with pipes.
 * @param options  before the machine
 * @param command  behind it
 */
export function startSsh(
  host: SshHost,
  options: readonly string[],
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  { lendsLogin = false }: SshOptions = {},
): SshProcess {
  const { login } = host;
  // ssh_config(5): with "auto" it lets others in; either way it goes through one that does.
  const sharing =
    login?.controlPath === undefined
      ? []
      : [`ControlMaster=${lendsLogin ? 'auto' : 'no'}`, 'ControlPersist=no', `ControlPath=${login.controlPath}`];
  const settings = [...SETTINGS, ...sharing].flatMap((setting) => ['-o', setting]);
  const args = [...options, ...settings, ...destinationOf(host), ...command];
  // One that goes through another's connection ends by Ctrl-C come what may, and needs no terminal: it asks nothing.
  const detached = login !== undefined && !lendsLogin;
  const script = deafSsh(detached ? IN_TIME : IN_TIME_IF_DUE);
  const ssh = spawn('/bin/sh', ['-c', script, 'sh', ...args], { env, stdio: 'pipe', detached });
  if (lendsLogin) login?.lend(ssh);
  // Behind a mere end of its input, ssh would wait for what it was asked last, such as an `open` in a queue, or for a host
  // that never answers. One that goes through another's connection ends with that.
  if (ssh.pid !== undefined && (lendsLogin || login?.controlPath === undefined)) {
    const guard = endWithUs(ssh.pid);
    ssh.once('exit', () => guard[Symbol.dispose]());
  }
  return ssh;
}
