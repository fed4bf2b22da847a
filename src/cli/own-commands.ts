// Commands that need no daemon, or more than one control command; and options that control commands do not have.

import type { CommandName } from '../control/commands.js';

export interface OwnOption {
  readonly name: string;
  /** One letter for it. */
  readonly alias?: string;
  readonly describe: string;
  /** Without a value. */
  readonly isFlag?: boolean;
  /** How the value is written on the page; left out for a flag. */
  readonly value?: string;
}

export interface OwnCommand {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly options: readonly OwnOption[];
}

const PORT: OwnOption = {
  name: 'port',
  value: 'P',
  describe: 'The port on this machine; any that is free if left out',
};
const PLAIN: OwnOption = { name: 'plain', isFlag: true, describe: 'Let every request wait for its reply' };
const WAIT: OwnOption = {
  name: 'wait',
  value: '[=TIME]',
  describe: 'Wait for a probe that is not there, or that others have: for ever, or so long (30s, 5m)',
};

export const ownCommands: readonly OwnCommand[] = [
  {
    name: 'run',
    usage: 'run <probe>',
    summary: 'Runs the command after "--" with the probe on a local port of its own.',
    options: [WAIT, PLAIN],
  },
  {
    name: 'forward',
    usage: 'forward <probe>',
    summary: 'Serves the probe on a local port until it is stopped, for an IDE or gdb.',
    options: [PORT, WAIT, PLAIN],
  },
  {
    name: 'accelerate',
    usage: 'accelerate <address>',
    summary: 'Serves the probe at HOST:PORT again here, without waiting for every reply.',
    options: [PORT],
  },
  {
    name: 'dial-stdio',
    usage: 'dial-stdio',
    summary: 'Connects standard input and output to the daemon, or to a probe; for `--host`.',
    options: [{ name: 'probe', value: 'UID', describe: 'The probe to connect to, in place of the daemon' }],
  },
  {
    name: 'doctor',
    usage: 'doctor',
    summary: 'Looks for what is wrong on this machine, and says what mends it.',
    options: [],
  },
  {
    name: 'service',
    usage: 'service <action>',
    summary: 'Installs or removes the system service (install, uninstall), or says how it is (status).',
    options: [{ name: 'dry-run', isFlag: true, describe: 'Say what it would do, and do nothing' }],
  },
  {
    name: 'completion',
    usage: 'completion <shell>',
    summary: 'Prints a completion script for bash, zsh or fish.',
    options: [],
  },
];

export const moreOptions: { readonly [N in CommandName]?: readonly OwnOption[] } = {
  status: [{ name: 'watch', isFlag: true, describe: 'Show it again whenever it changes' }],
  list: [
    {
      name: 'all',
      isFlag: true,
      describe: 'Also the probes of the hosts in probectl.toml, and of those found by multicast DNS',
    },
    {
      name: 'output',
      alias: 'o',
      value: 'FORM',
      describe: 'table, pyocd (commands), json or vscode (for launch.json)',
    },
  ],
};
