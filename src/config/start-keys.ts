import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.js';

/** The settings that count only when the daemon starts; the description of each says so. */
const startKeys = [
  ['control', 'socket'],
  ['control', 'group'],
  ['control', 'mode'],
  ['log', 'format'],
  ['state', 'directory'],
  ['simulate'],
] as const;

/** What of a new config takes another start: keys, as the file has them. */
export function keysForNextStart(started: Config, next: Config): readonly string[] {
  return startKeys
    .filter((path) => !isDeepStrictEqual(valueAt(started, path), valueAt(next, path)))
    .map((path) => path.join('.'));
}

function valueAt({ settings }: Config, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), settings);
}
