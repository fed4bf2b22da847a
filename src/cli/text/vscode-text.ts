// `probectl list -o vscode`: what VS Code needs for its debugger to use the probes.

import { pyocdAddress } from '../../control/pyocd-options.js';
import { probeWords } from '../../control/probe-words.js';
import type { HostList } from '../list-all.js';
import { hasPort, isReachable, listedProbes, type ListedProbe } from './list-text.js';

/**
 * Configurations for launch.json: cortex-debug with pyOCD as its server, which passes `serverArgs` on to it. A probe
 * that is reached over ssh has a task for tasks.json besides, which forwards it.
 */
export function vscodeText(lists: readonly HostList[]): string {
  const probes = listedProbes(lists).filter(hasPort);
  const taken = new Set(probes.filter(({ host }) => host === undefined).map(({ port }) => port));
  const forwarded = probes.filter(needsForwarding).map((probe) => ({ probe, port: freePort(probe.port ?? 0, taken) }));
  const ports = new Map(forwarded.map(({ probe, port }) => [probe, port]));
  const configurations = probes
    .filter((probe) => probe.host === undefined || ports.has(probe) || isReachable(probe))
    .map((probe) => configuration(probe, ports.get(probe)));
  const tasks = forwarded.map(({ probe, port }) => task(probe, port));
  const piece = { version: '0.2.0', configurations, ...(tasks.length > 0 && { tasks }) };
  return `${JSON.stringify(piece, undefined, 2)}\n`;
}

function needsForwarding(probe: ListedProbe): boolean {
  if (probe.host === undefined) return pyocdAddress(probe) === undefined;
  return probe.discovered !== true;
}

/** A port of this machine for each, which no other of them has. */
function freePort(wanted: number, taken: Set<number | undefined>): number {
  let port = wanted;
  while (taken.has(port)) port++;
  taken.add(port);
  return port;
}

/** @param forwarded  the port of this machine where its task serves it */
function configuration(probe: ListedProbe, forwarded: number | undefined): object {
  const { uid, name = uid, host, target } = probe;
  const address = forwarded === undefined ? pyocdAddress(probe) : `remote:localhost:${forwarded}`;
  return {
    name: withoutVariables(`pyOCD ${name}${host === undefined ? '' : ` on ${host}`}`),
    type: 'cortex-debug',
    request: 'launch',
    servertype: 'pyocd',
    cwd: '${workspaceFolder}',
    executable: '${workspaceFolder}/build/firmware.elf',
    serverArgs: ['--uid', address],
    ...(target !== undefined && { targetId: target }),
    ...(forwarded !== undefined && { preLaunchTask: taskName(probe) }),
  };
}

function task(probe: ListedProbe, port: number): object {
  const { uid, host } = probe;
  const place = host === undefined ? [] : ['--host', host];
  return {
    label: taskName(probe),
    type: 'process',
    command: 'probectl',
    args: ['forward', ...place, '--port', String(port), ...probeWords(uid)].map(withoutVariables),
    isBackground: true,
    // Started once `forward` prints its command. VS Code wants a pattern for problems; nothing matches this one.
    problemMatcher: {
      pattern: { regexp: '^\\b$' },
      background: { activeOnStart: true, beginsPattern: '^\\b$', endsPattern: 'remote:localhost:' },
    },
  };
}

function taskName({ uid, host }: ListedProbe): string {
  return withoutVariables(`probectl forward ${uid}${host === undefined ? '' : ` of ${host}`}`);
}

/** VS Code fills in what stands in "${…}" and runs the commands in it; machines and devices call themselves what they like. */
function withoutVariables(text: string): string {
  return text.replaceAll('${', '$ {');
}
