// Whether a probe is served, and with what settings: the one place that reads `probe` entries and rules.

import { hex16 } from '../base/hex.js';
import type { Config, Source } from './config.js';
import { compileGlob } from './glob.js';
import type { Settings } from './schema.js';

/** What is known of a device that a driver can serve. */
export interface ProbeFacts {
  readonly uid: string;
  /** That of the driver that fits best. */
  readonly family: string;
  readonly vendorId: number;
  readonly productId: number;
  readonly product?: string;
  /** "1-2.3" */
  readonly portPath: string;
}

/** What probectl enable, disable and rename have set; kept in the state directory. The config file goes over it. */
export interface OperatorSettings {
  readonly enabled?: boolean;
  readonly name?: string;
}

/** Plain data: two that are deeply equal need no restart. */
export interface ProbeSettings {
  readonly name?: string;
  /** The port the config file gives it; undefined: the port book decides. */
  readonly port?: number;
  readonly clockLimitHz?: number;
  readonly memoryHandles: boolean;
  readonly postedWrites: boolean;
  /** At most so many packets are in the probe at once. */
  readonly packetsInFlight?: number;
  readonly sharing: Settings['probe'][number]['sharing'];
  /** Whom of other machines to let in: entries of an `AllowList`. */
  readonly allowRemote: readonly string[];
  readonly target?: string;
}

export type ProbePolicy =
  { readonly served: true; readonly settings: ProbeSettings } | { readonly served: false; readonly reason: string };

/** Families that are off and ignore rules go over match rules, and all of them over the probe's own entry. */
export function probePolicy(config: Config, facts: ProbeFacts, operator: OperatorSettings = {}): ProbePolicy {
  const { match, ignore, families } = config.settings;
  if (families.off.includes(facts.family)) {
    return { served: false, reason: `family ${facts.family} is off at ${config.sourceOf(['families', 'off'])}` };
  }
  const ignored = ignore.findIndex((rule) => fits(rule, facts));
  if (ignored >= 0) {
    return { served: false, reason: `ignored by [[ignore]] at ${config.sourceOf(['ignore', ignored])}` };
  }
  if (match.length > 0 && !match.some((rule) => fits(rule, facts))) return { served: false, reason: noMatch(config) };

  const reason = reasonDisabled(config, facts.uid, operator);
  if (reason !== undefined) return { served: false, reason };
  return { served: true, settings: probeSettings(config, facts.uid, operator) };
}

/** Who has disabled a probe, whether it is there or not; undefined if nobody has. */
export function reasonDisabled(config: Config, uid: string, operator: OperatorSettings = {}): string | undefined {
  if (isEnabled(config, uid, operator)) return undefined;
  const source = settingSource(config, uid, 'enabled', operator);
  return source === 'probectl' ? 'disabled: run "probectl enable"' : `disabled at ${source}`;
}

/** What holds for a probe, whether it is there or not. */
export function probeSettings(config: Config, uid: string, operator: OperatorSettings = {}): ProbeSettings {
  const entry = entryOf(config, uid);
  const name = entry?.name ?? operator.name;
  return {
    ...(name !== undefined && { name }),
    ...(entry?.port !== undefined && { port: entry.port }),
    ...(entry?.clock_limit !== undefined && { clockLimitHz: entry.clock_limit }),
    memoryHandles: config.memoryHandles ?? entry?.memory_handles ?? false,
    postedWrites: entry?.posted_writes ?? true,
    ...(entry?.packets_in_flight !== undefined && { packetsInFlight: entry.packets_in_flight }),
    sharing: entry?.sharing ?? 'shared',
    allowRemote: allowRemoteOf(config, uid),
    ...(entry?.target !== undefined && { target: entry.target }),
  };
}

export type ProbeKey = keyof Settings['probe'][number];

/**
 * Who set a key of a probe. Where it is the config file, probectl cannot change it and says where it is set.
 */
export function settingSource(config: Config, uid: string, key: ProbeKey, operator: OperatorSettings = {}): Source {
  if (key === 'memory_handles' && config.memoryHandles !== undefined) return 'command line';
  const index = config.settings.probe.findIndex((entry) => entry.uid === uid);
  if (key === 'allow_remote' && !hasOwnAllowList(config, uid)) return config.sourceOf(['listen', 'allow_remote']);
  const source = index < 0 ? 'default' : config.sourceOf(['probe', index, key]);
  const isOperators = (key === 'enabled' || key === 'name') && operator[key] !== undefined;
  return source === 'default' && isOperators ? 'probectl' : source;
}

/** The ports the config file gives to probes: nobody else may have them. */
export function fixedPorts(config: Config): ReadonlyMap<string, number> {
  return new Map(config.settings.probe.flatMap(({ uid, port }) => (port === undefined ? [] : [[uid, port]])));
}

function isEnabled(config: Config, uid: string, operator: OperatorSettings): boolean {
  const isOperators = settingSource(config, uid, 'enabled', operator) === 'probectl';
  return (isOperators ? operator.enabled : entryOf(config, uid)?.enabled) ?? true;
}

function allowRemoteOf(config: Config, uid: string): readonly string[] {
  const own = hasOwnAllowList(config, uid) ? entryOf(config, uid)?.allow_remote : undefined;
  return own ?? config.settings.listen.allow_remote;
}

/** What the command line says goes over what the file says of single probes. */
function hasOwnAllowList(config: Config, uid: string): boolean {
  return (
    entryOf(config, uid)?.allow_remote !== undefined && config.sourceOf(['listen', 'allow_remote']) !== 'command line'
  );
}

function entryOf(config: Config, uid: string): Settings['probe'][number] | undefined {
  return config.settings.probe.find((entry) => entry.uid === uid);
}

function noMatch(config: Config): string {
  const source = config.sourceOf(['match', 0]);
  if (source === 'command line') return 'not one of those that --uid names';
  const { length } = config.settings.match;
  return length === 1
    ? `does not fit [[match]] at ${source}`
    : `fits none of the ${length} [[match]] rules from ${source} on`;
}

type Rule = Settings['match'][number];

function fits(rule: Rule, { uid, vendorId, productId, product, portPath }: ProbeFacts): boolean {
  return (
    fitsGlob(rule.uid, uid) &&
    fitsGlob(rule.usb_id, `${hex16(vendorId)}:${hex16(productId)}`) &&
    fitsGlob(rule.product, product ?? '') &&
    fitsGlob(rule.usb_path, portPath)
  );
}

function fitsGlob(glob: string | undefined, text: string): boolean {
  return glob === undefined || compileGlob(glob)(text);
}
