// What no key can be blamed for alone: keys that contradict each other. Runs on merged settings.

import { didYouMean, nearest } from '../base/nearest.js';
import { longestSocketPathBytes } from '../base/socket-path.js';
import type { KeyComplaint } from './check-file.js';
import { isLoopback } from './remote-clients.js';
import { MAX_PORT, MAX_SIMULATED_PROBES } from './schema-parts.js';
import type { Settings } from './schema.js';
import type { KeyPath } from './toml-positions.js';

export interface CrossCheckOptions {
  /** Whether a key is set at all, in the file or on the command line. */
  readonly isSet: (path: KeyPath) => boolean;
  readonly platform: string;
  /** The families of probes there are; undefined: not known here. */
  readonly families: readonly string[] | undefined;
  /** What is wrong with the options of a simulated probe; only the simulator knows. */
  readonly simulatedProblem: (options: readonly string[]) => string | undefined;
}

/**
 * @param settings  an entry of `probe` whose uid is missing or wrong has "" for it, and has been complained about
 */
export function crossCheck(settings: Settings, options: CrossCheckOptions): readonly KeyComplaint[] {
  return [
    ...checkAddresses(settings),
    ...checkPorts(settings, options),
    ...checkProbes(settings),
    ...checkLocalGroup(settings, options),
    ...checkSocket(settings, options),
    ...checkFamilies(settings, options),
    ...checkSimulated(settings, options),
  ];
}

/** An address that others could reach is of no use while nobody may: something was forgotten. */
function checkAddresses({ listen: { addresses, allow_remote }, probe }: Settings): readonly KeyComplaint[] {
  if ([allow_remote, ...probe.map((entry) => entry.allow_remote ?? [])].some((list) => list.length > 0)) return [];
  return addresses
    .map((address, index) => ({ address, path: ['listen', 'addresses', index] }))
    .filter(({ address }) => !isLoopback(address))
    .map(({ address, path }) => ({
      path,
      at: 'value',
      what: `no other machine may connect to ${address}: say which ones may, in listen.allow_remote (--allow-remote)`,
    }));
}

function checkPorts(settings: Settings, { isSet }: CrossCheckOptions): readonly KeyComplaint[] {
  const { first_port, port_count } = settings.listen;
  if (first_port === 0) return [];
  const explicit = isSet(['listen', 'port_count']);
  if (explicit && first_port + port_count - 1 > MAX_PORT) {
    const allowed = `allowed is at most ${MAX_PORT - first_port + 1} with first_port ${first_port}`;
    const what = `listen.port_count is ${port_count}, which goes past port ${MAX_PORT}: ${allowed}`;
    return [{ path: ['listen', 'port_count'], at: 'value', what }];
  }

  const last = Math.min(first_port + port_count - 1, MAX_PORT);
  const fixed = new Set(settings.probe.flatMap(({ port }) => port ?? []));
  const available = last - first_port + 1 - [...fixed].filter((port) => first_port <= port && port <= last).length;
  // More than that is another mistake.
  const simulated = Math.min(
    settings.simulate.reduce((sum, { count }) => sum + count, 0),
    MAX_SIMULATED_PROBES,
  );
  // A simulated probe may be one of those with an entry, so the two do not add up.
  const needed = Math.max(settings.probe.filter(({ port }) => port === undefined).length, simulated - fixed.size);
  if (needed <= available) return [];
  const candidates: readonly KeyPath[] = [['listen', 'port_count'], ['listen', 'first_port'], ['simulate'], ['probe']];
  const path = candidates.find(isSet) ?? ['listen'];
  const what = `${needed} probes need a port and ${first_port} to ${last} leaves ${available}: choose a larger listen.port_count or a lower first_port`;
  return [{ path, at: 'value', what }];
}

function checkProbes({ probe }: Settings): readonly KeyComplaint[] {
  const complaints: KeyComplaint[] = [];
  const uids = new Map<string, number>();
  const names = new Map<string, number>();
  const ports = new Map<number, number>();
  for (const [index, { uid, name, port }] of probe.entries()) {
    const complain = (key: string, what: string) =>
      complaints.push({ path: ['probe', index, key], at: 'value', what: `probe.${key} ${what}` });
    if (uid !== '') {
      if (uids.has(uid)) complain('uid', `is "${uid}" a second time: allowed is one [[probe]] for each uid`);
      else uids.set(uid, index);
    }
    if (name !== undefined) {
      if (names.has(name)) complain('name', `is "${name}" a second time: allowed is a name no other probe has`);
      else names.set(name, index);
    }
    if (port !== undefined) {
      const other = ports.get(port);
      if (other === undefined) ports.set(port, index);
      else complain('port', `is ${port}, which probe ${probe[other]?.uid ?? ''} has: allowed is a port for one probe`);
    }
  }
  // Only now are all uids known.
  for (const [name, index] of names) {
    const holder = uids.get(name);
    if (holder === undefined || holder === index) continue;
    const what = `probe.name is "${name}", which is the uid of another probe: allowed is a name no other probe has`;
    complaints.push({ path: ['probe', index, 'name'], at: 'value', what });
  }
  return complaints;
}

/** Where users cannot be told, everyone would be kept out. */
function checkLocalGroup(
  { access: { local_group } }: Settings,
  { platform }: CrossCheckOptions,
): readonly KeyComplaint[] {
  if (local_group === '' || platform === 'linux') return [];
  const what = 'access.local_group is for Linux: other systems do not tell whose a connection is';
  return [{ path: ['access', 'local_group'], at: 'value', what }];
}

function checkSocket({ control: { socket } }: Settings, { platform }: CrossCheckOptions): readonly KeyComplaint[] {
  const most = longestSocketPathBytes(platform);
  const sizeBytes = Buffer.byteLength(socket);
  if (sizeBytes <= most) return [];
  const what = `control.socket has ${sizeBytes} bytes: allowed are at most ${most} for the path of a socket`;
  return [{ path: ['control', 'socket'], at: 'value', what }];
}

function checkFamilies({ families: { off } }: Settings, { families }: CrossCheckOptions): readonly KeyComplaint[] {
  if (!families) return [];
  return [...off.entries()]
    .filter(([, name]) => !families.includes(name))
    .map(([index, name]) => {
      const guess = didYouMean(nearest(name, families).map(quoted));
      const hint = guess === undefined ? '' : ` (${guess})`;
      const allowed = families.map(quoted).join(', ');
      return {
        path: ['families', 'off', index],
        at: 'value',
        what: `families.off has "${name}"${hint}: allowed are ${allowed}`,
      };
    });
}

function checkSimulated({ simulate }: Settings, options: CrossCheckOptions): readonly KeyComplaint[] {
  const complaints: KeyComplaint[] = [];
  let total = 0;
  for (const [index, { count, options: words }] of simulate.entries()) {
    const before = total;
    total += count;
    if (before <= MAX_SIMULATED_PROBES && total > MAX_SIMULATED_PROBES) {
      const what = `${total} simulated probes: allowed are at most ${MAX_SIMULATED_PROBES} in all`;
      complaints.push({ path: ['simulate', index, 'count'], at: 'value', what });
    }
    const problem = options.simulatedProblem(words);
    if (problem !== undefined) complaints.push({ path: ['simulate', index, 'options'], at: 'value', what: problem });
  }
  return complaints;
}

function quoted(word: string): string {
  return `"${word}"`;
}
