// `probectl list` in its forms: a table, pyocd commands, JSON, a launch configuration of VS Code.

import { pyocdOptions } from '../../control/pyocd-options.js';
import { harmless } from '../colour.js';
import type { HostList, ListedProbe } from '../list-all.js';
import type { Look } from './look.js';
import { table } from './table.js';

export const listFormats = ['table', 'pyocd', 'json', 'vscode'] as const;
export type ListFormat = (typeof listFormats)[number];

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
  const problems = lists.flatMap((list) =>
    'problem' in list ? [`${list.host ?? 'this machine'}: ${list.problem}`] : [],
  );
  return [...lines, ...problems.map(harmless)].map((line) => `${line}\n`).join('');
}

/** One line for a shell for each probe that is served. */
export function pyocdLines(lists: readonly HostList[]): string {
  return listedProbes(lists)
    .filter(isServed)
    .map((probe) => {
      return `${probe.host === undefined ? `pyocd cmd ${pyocdOptions(probe)}` : runCommand(probe)}\n`;
    })
    .join('');
}

/** Configurations for launch.json: cortex-debug with pyOCD as its server, which passes `serverArgs` on to it. */
export function vscodeText(lists: readonly HostList[]): string {
  const configurations = listedProbes(lists)
    .filter((probe) => probe.host === undefined && probe.port !== undefined)
    .map(({ uid, name = uid, port = 0, target }) => ({
      name: `pyOCD ${name}`,
      type: 'cortex-debug',
      request: 'launch',
      servertype: 'pyocd',
      cwd: '${workspaceFolder}',
      executable: '${workspaceFolder}/build/firmware.elf',
      serverArgs: ['--uid', `remote:localhost:${port}`],
      ...(target !== undefined && { targetId: target }),
    }));
  return `${JSON.stringify({ version: '0.2.0', configurations }, undefined, 2)}\n`;
}

/** Each probe with its host. */
export function listedProbes(lists: readonly HostList[]): readonly ListedProbe[] {
  return lists.flatMap((list) =>
    'probes' in list
      ? list.probes.map((probe) => ({ ...probe, ...(list.host !== undefined && { host: list.host }) }))
      : [],
  );
}

function isServed({ state, port }: ListedProbe): boolean {
  return (state === 'ready' || state === 'in-use') && port !== undefined;
}

/** What reaches it: on another host its port does not. */
function how(probe: ListedProbe): string {
  if (probe.host !== undefined) return runCommand(probe);
  return harmless(pyocdOptions(probe)) || '-';
}

function runCommand({ host, uid }: ListedProbe): string {
  return `probectl run --host ${host ?? ''} ${uid} -- pyocd cmd`;
}
