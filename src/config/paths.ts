// Where things are when nobody says otherwise: a function of the platform and the environment.

import path from 'node:path';

export interface Environment {
  /** `process.platform`: "linux", "darwin". */
  readonly platform: string;
  /** `process.arch`: "x64", "arm64". */
  readonly arch: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether the effective user is root. */
  readonly isRoot: boolean;
}

export interface Paths {
  readonly platform: string;
  /** Where a config file is looked for; the first that exists is read. */
  readonly configFiles: readonly string[];
  /** Where probectl looks for the names of hosts: beside the config. */
  readonly hostFiles: readonly string[];
  readonly stateDirectory: string;
  readonly auditFile: string;
  readonly controlSocket: string;
  /** Where probectl looks for the daemon, in this order. */
  readonly controlSockets: readonly string[];
}

const AUDIT_FILE = 'audit.jsonl';

/** @see docs/configuration.md, "Where it is" */
export function defaultPaths(environment: Environment): Paths {
  const paths = environment.platform === 'darwin' ? homebrewPaths(environment) : linuxPaths(environment);
  return { ...paths, hostFiles: paths.configFiles.map((file) => path.join(path.dirname(file), 'probectl.toml')) };
}

/** What the service manager hands over (systemd.exec(5), RuntimeDirectory=), then the FHS, then XDG for mere users. */
function linuxPaths({ platform, env, isRoot }: Environment): Omit<Paths, 'hostFiles'> {
  const home = env.HOME;
  const userConfig = absolute(env.XDG_CONFIG_HOME) ?? (home && path.join(home, '.config'));
  const userState = absolute(env.XDG_STATE_HOME) ?? (home && path.join(home, '.local/state'));
  const userRuntime = absolute(env.XDG_RUNTIME_DIR);

  const ownSocket = !isRoot && userRuntime ? path.join(userRuntime, 'probed/control.sock') : undefined;
  const stateDirectory =
    firstOf(env.STATE_DIRECTORY) ?? (!isRoot && userState ? path.join(userState, 'probed') : '/var/lib/probed');
  const serviceRuntime = firstOf(env.RUNTIME_DIRECTORY);
  const controlSocket = serviceRuntime
    ? path.join(serviceRuntime, 'control.sock')
    : (ownSocket ?? '/run/probed/control.sock');
  return {
    platform,
    configFiles: present(
      !isRoot && userConfig && path.join(userConfig, 'probed/probed.toml'),
      '/etc/probed/probed.toml',
    ),
    stateDirectory,
    // A mere user has no directory for logs but that of the state: XDG counts them to it.
    auditFile: path.join(
      firstOf(env.LOGS_DIRECTORY) ?? (!isRoot && userState ? stateDirectory : '/var/log/probed'),
      AUDIT_FILE,
    ),
    controlSocket,
    controlSockets: present(controlSocket, ownSocket, '/run/probed/control.sock'),
  };
}

/** Everything lives under Homebrew's prefix, which belongs to the user: `brew services` runs daemons as that user. */
function homebrewPaths({ platform, arch, env, isRoot }: Environment): Omit<Paths, 'hostFiles'> {
  const usual = arch === 'arm64' ? ['/opt/homebrew', '/usr/local'] : ['/usr/local', '/opt/homebrew'];
  const prefixes = present(absolute(env.HOMEBREW_PREFIX), ...usual);
  const [prefix = '/usr/local'] = prefixes;
  const userConfig = absolute(env.XDG_CONFIG_HOME) ?? (env.HOME && path.join(env.HOME, '.config'));
  return {
    platform,
    configFiles: present(
      !isRoot && userConfig && path.join(userConfig, 'probed/probed.toml'),
      ...prefixes.map((directory) => path.join(directory, 'etc/probed/probed.toml')),
    ),
    stateDirectory: path.join(prefix, 'var/lib/probed'),
    auditFile: path.join(prefix, 'var/log/probed', AUDIT_FILE),
    controlSocket: path.join(prefix, 'var/run/probed/control.sock'),
    controlSockets: prefixes.map((directory) => path.join(directory, 'var/run/probed/control.sock')),
  };
}

/** The XDG base directory specification: a relative path is to be ignored. */
function absolute(directory: string | undefined): string | undefined {
  return directory?.startsWith('/') ? directory : undefined;
}

/** systemd separates several directories by colons. */
function firstOf(directories: string | undefined): string | undefined {
  return absolute(directories?.split(':')[0]);
}

function present(...candidates: readonly (string | false | undefined)[]): readonly string[] {
  return [
    ...new Set(
      candidates.filter((candidate): candidate is string => typeof candidate === 'string' && candidate !== ''),
    ),
  ];
}
