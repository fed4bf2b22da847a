// Which machine a command is for.

import { didYouMean, nearest } from '../../base/nearest.js';
import { shellWord } from '../../base/shell-word.js';
import type { NamedHost } from '../../config/client-config.js';
import { UsageError } from '../report-error.js';
import type { World } from '../world.js';
import type { SharedLogin } from './shared-login.js';
import { destinationOf } from './ssh-process.js';

export type Host = LocalHost | SshHost;

/** This machine, or one whose control socket is reached through a path. */
export interface LocalHost {
  readonly kind: 'local';
  /** Where the daemon's socket may be, the likeliest first. */
  readonly sockets: readonly string[];
}

export interface SshHost {
  readonly kind: 'ssh';
  /** As for ssh: "lab", "user@lab". */
  readonly destination: string;
  readonly port?: string;
  /** probectl on that machine. */
  readonly probectl: string;
  /** That of an ssh which others go through, if there is one. */
  readonly login?: SharedLogin;
}

/** What the command line says of it. */
export interface HostOptions {
  /** `--host` */
  readonly host?: string | undefined;
  /** `--socket` */
  readonly socket?: string;
}

/**
 * By `--socket`, by `--host`, by PROBED_HOST, by PROBED_SOCKET, or where the daemon of this machine usually is.
 * @throws UsageError   for what is no host
 * @throws ConfigError  if the file with the names of hosts is wrong
 */
export async function chooseHost({ host, socket }: HostOptions, world: World): Promise<Host> {
  const { env, sockets } = world;
  if (host !== undefined && socket !== undefined) throw new UsageError('--host and --socket: give one of them');
  if (socket !== undefined) return { kind: 'local', sockets: [socket] };
  if (host !== undefined) return await hostNamed(host, world);
  const usual = nonEmpty(env.PROBED_HOST);
  if (usual !== undefined) return await hostOfVariable(usual, world);
  const local = nonEmpty(env.PROBED_SOCKET);
  return { kind: 'local', sockets: local === undefined ? sockets : [local] };
}

/**
 * For what can only be done on the machine itself: PROBED_HOST, which is for everything else, does not count.
 * @throws UsageError  if another one is named
 */
export async function chooseThisMachine(command: string, options: HostOptions, world: World): Promise<LocalHost> {
  const host = await chooseHost(options, { ...world, env: { ...world.env, PROBED_HOST: '' } });
  if (host.kind === 'local') return host;
  const there = ['ssh', ...destinationOf(host), host.probectl, command].map(shellWord).join(' ');
  throw new UsageError(`${command}: only for this machine; for that one: ${there}`);
}

/** For people. */
export function nameOfHost(host: Host): string {
  return host.kind === 'ssh' ? host.destination : 'this machine';
}

/** Says where it comes from what is no host: nobody has typed it here. */
async function hostOfVariable(text: string, world: World): Promise<Host> {
  try {
    return await hostNamed(text, world);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`PROBED_HOST: ${error.message}`, { cause: error }) : error;
  }
}

/** An address, or a name from the user's list. */
async function hostNamed(text: string, { namedHosts, hostFiles }: World): Promise<Host> {
  if (text.includes('://')) return hostAt({ address: text });
  const hosts = await namedHosts();
  const named = hosts.get(text);
  if (named) return hostAt(named);
  const hint = didYouMean(nearest(text, hosts.keys())) ?? `write ssh://${text}`;
  throw new UsageError(`no host is called ${text} in ${hostFiles[0] ?? 'any file'}: ${hint}`);
}

/** user@host and host; no leading "-", which ssh would take for an option. */
const SSH =
  /^ssh:\/\/(?<destination>(?:[^\s@/:-][^\s@/:]*@)?(?:\[[0-9a-fA-F:.%\w]+\]|[^\s@/:[\]-][^\s@/:[\]]*))(?::(?<port>\d{1,5}))?\/?$/;
const UNIX = /^unix:\/\/(?<path>\/.+)$/;

export function hostAt({ address, probectl = 'probectl' }: NamedHost): Host {
  const path = UNIX.exec(address)?.groups?.path;
  if (path !== undefined) return { kind: 'local', sockets: [path] };
  const groups: Partial<Record<string, string>> = SSH.exec(address)?.groups ?? {};
  const { destination, port } = groups;
  if (destination === undefined)
    throw new UsageError(`${address} is no host: write ssh://[user@]host[:port] or unix:///path`);
  // ssh takes an IPv6 address without brackets.
  return { kind: 'ssh', destination: destination.replace(/[[\]]/g, ''), ...(port && { port }), probectl };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
