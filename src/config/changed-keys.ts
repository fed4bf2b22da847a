// What a new config changes, by the keys of the file.

import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';
import { tables } from './tables.js';

/** The settings that count only when the daemon starts; the description of each says so. */
const startKeys = [
  ['control', 'socket'],
  ['control', 'group'],
  ['control', 'mode'],
  ['log', 'format'],
  ['state', 'directory'],
  ['simulate'],
] as const;

/** The settings that count for all probes and from now on. Those of a probe, and the rules, are found at the probes. */
const runningKeys = Object.entries(tables)
  .flatMap(([table, { properties }]) => Object.keys(properties).map((key) => [table, key] as const))
  .filter((path) => !startKeys.some((other) => isDeepStrictEqual(other, path)));

/** What of a new config takes another start: keys, as the file has them. */
export function keysForNextStart(started: Config, next: Config): readonly string[] {
  return differing(startKeys, started, next);
}

/** What of a new config holds at once, beside what concerns single probes: keys, as the file has them. */
export function keysChanged(before: Config, next: Config): readonly string[] {
  return differing(runningKeys, before, next);
}

function differing(paths: readonly (readonly string[])[], one: Config, other: Config): readonly string[] {
  return paths
    .filter((path) => !isDeepStrictEqual(valueAt(one, path), valueAt(other, path)))
    .map((path) => path.join('.'));
}

function valueAt({ settings }: Config, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), settings);
}
