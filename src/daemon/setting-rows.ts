// The settings of one probe, as `probectl show` prints them.

import type { Config } from '../config/config.js';
import { listSettings } from '../config/list-settings.js';
import { type OperatorSettings, type ProbeKey, probeSettings, settingSource } from '../config/probe-policy.js';
import type { Details } from '../control/snapshots.js';

/** What settings come from. */
export interface SettingSources {
  readonly config: Config;
  /** What operators have set. */
  readonly operator: OperatorSettings | undefined;
}

type SettingRow = Details['settings'][number];

/** What a probe in use keeps until its last client leaves; all else holds at once. */
const KEPT_IN_USE =
  /^(probe\.(port|clock_limit|memory_handles|posted_writes|packets_in_flight)|limits\..*|listen\.addresses)$/;

const written: Partial<Record<string, ProbeKey>> = {
  clockLimitHz: 'clock_limit',
  memoryHandles: 'memory_handles',
  postedWrites: 'posted_writes',
  packetsInFlight: 'packets_in_flight',
  allowRemote: 'allow_remote',
};

/** For a setting that there is not. */
const NONE = 'none';

/** @param inUse  what the probe is served with, if that changes when its last client leaves */
export function settingRows(uid: string, now: SettingSources, inUse: SettingSources | undefined): SettingRow[] {
  const rows = listRows(uid, now);
  if (!inUse) return rows;
  const old = listRows(uid, inUse);
  const taken = old.filter(({ key }) => KEPT_IN_USE.test(key) && !rows.some((row) => row.key === key));
  return [...rows, ...taken.map(({ key }) => ({ key, value: NONE, from: 'default' }))].map((row) => {
    const still = old.find(({ key }) => key === row.key)?.value ?? NONE;
    return KEPT_IN_USE.test(row.key) && still !== row.value ? { ...row, still } : row;
  });
}

function listRows(uid: string, { config, operator }: SettingSources): SettingRow[] {
  const own = Object.entries({ enabled: true, ...probeSettings(config, uid, operator), ...operator });
  return [
    ...own
      .filter(([key]) => key !== 'port' || config.settings.probe.some((entry) => entry.uid === uid))
      .map(([key, value]) => {
        const name = written[key] ?? (key as ProbeKey);
        return {
          key: `probe.${name}`,
          value: Array.isArray(value) ? JSON.stringify(value) : String(value),
          from: settingSource(config, uid, name, operator),
        };
      }),
    ...listSettings(config)
      .filter(({ key }) => /^(listen|limits|access)\./.test(key))
      .map(({ key, value, source }) => ({ key, value: JSON.stringify(value), from: source })),
  ];
}
