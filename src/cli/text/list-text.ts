// `probectl list` in its forms: a table, and pyocd commands. For VS Code see vscode-text.ts.

import { isServed } from '../../control/is-served.js';
import { pyocdCommand } from '../../control/pyocd-command.js';
import { pyocdAddress, pyocdOptions } from '../../control/pyocd-options.js';
import { probeWords } from '../../control/probe-words.js';
import type { ProbeRow } from '../../control/snapshots.js';
import { assertNever } from '../../base/errors.js';
import { hostAndPort } from '../../base/host-and-port.js';
import { shellWord } from '../../base/shell-word.js';
import { harmless } from '../colour.js';
import type { HostList } from '../list-all.js';
import type { Look } from './look.js';
import { table } from './table.js';

export const listFormats = ['table', 'pyocd', 'json', 'vscode'] as const;
export type ListFormat = (typeof listFormats)[number];

/** What is listed of a probe, whoever has told of it. */
export interface ListedProbe extends Pick<ProbeRow, 'uid' | 'name' | 'product' | 'port' | 'target' | 'addresses'> {
  readonly state: string;
  /** What to write for `--host` to reach it; nothing for the default host. For a discovered one its machine's name. */
  readonly host?: string;
  /** The network tells of it: nothing but its port is known to be reachable. */
  readonly discovered?: true;
}

/** @param all  whether hosts are told apart */
export function listText(lists: readonly HostList[], all: boolean, look: Look): string {
  const rows = listedProbes(lists);
  const lines = table<ListedProbe>(
    [
      ...(all ? [{ title: 'HOST', text: ({ host = '-' }: ListedProbe) => harmless(host) }] : []),
      { title: 'UID', text: ({ uid }) => harmless(uid) },
      { title: 'NAME', text: ({ name = '-' }) => harmless(name) },
      { title: 'PYOCD', text: how },
    ],
    rows,
    look,
  );
  return [...lines, ...problemLines(lists)].map((line) => `${line}\n`).join('');
}

/** A line for each host that says nothing. */
export function problemLines(lists: readonly HostList[]): readonly string[] {
  return lists.flatMap((list) =>
    list.kind === 'silent' ? [harmless(`${list.host ?? 'this machine'}: ${list.problem}`)] : [],
  );
}

/** One line for a shell for each probe that is served. */
export function pyocdLines(lists: readonly HostList[]): string {
  return listedProbes(lists)
    .filter(hasPort)
    .map((probe) => `${commandFor(probe)}\n`)
    .join('');
}

/** Each probe with its host. */
export function listedProbes(lists: readonly HostList[]): readonly ListedProbe[] {
  return lists.flatMap((list): readonly ListedProbe[] => {
    switch (list.kind) {
      case 'asked':
        return list.probes.map((probe) => ({ ...probe, ...(list.host !== undefined && { host: list.host }) }));
      case 'discovered':
        return list.probes.map(({ addresses, ...probe }) => ({
          ...probe,
          ...{ host: list.host, discovered: true },
          addresses: addresses.map((address) => hostAndPort(address, probe.port)),
        }));
      case 'silent':
        return [];
      default:
        return assertNever(list);
    }
  });
}

/** Whether there is something to connect to. */
export function hasPort({ state, port }: ListedProbe): boolean {
  return isServed(state) && port !== undefined;
}

/** What pyOCD is told, or the command where that would not do. */
function how(probe: ListedProbe): string {
  if (probe.host !== undefined && !isReachable(probe)) return commandFor(probe);
  const options = harmless(pyocdOptions(probe));
  return options === '' && hasPort(probe) ? commandFor(probe) : options || '-';
}

/** The command that uses a probe from here, to be pasted: what devices and people call themselves may be anything. */
function commandFor(probe: ListedProbe): string {
  const { host, uid, addresses, discovered } = probe;
  if (host === undefined || isReachable(probe)) return harmless(pyocdCommand(probe));
  if (discovered) return `probectl accelerate ${shellWord(addresses[0] ?? '')}`; // pyOCD takes no IPv6 address
  return ['probectl', 'run', '--host', harmless(host), ...probeWords(harmless(uid)), '--', 'pyocd', 'cmd']
    .map(shellWord)
    .join(' ');
}

/** Whether pyOCD can connect to the probe of another host by its address. */
export function isReachable(probe: ListedProbe): boolean {
  return probe.discovered === true && pyocdAddress(probe) !== undefined;
}
