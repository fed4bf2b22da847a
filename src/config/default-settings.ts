import assert from 'node:assert/strict';
import { type Static, type TSchema, Type } from 'typebox';
import { configAjv } from './config-ajv.js';
import { keyFacts } from './describe-key.js';
import type { Paths } from './paths.js';
import { lists } from './schema.js';
import { tables } from './tables.js';

const sections = { ...tables, probe: Type.Omit(lists.probe, ['uid']), simulate: lists.simulate };
const defaultsSchema = Type.Object(sections);

export type DefaultSettings = Static<typeof defaultsSchema>;

const isComplete = configAjv().compile<DefaultSettings>(defaultsSchema);

/** What holds where nothing is set: in every `[table]`, and in each `[[probe]]` and `[[simulate]]` that is there. */
export function defaultSettings(paths: Paths): DefaultSettings {
  const values: unknown = Object.fromEntries(
    Object.entries(sections).map(([name, { properties }]) => [name, defaultsOf(properties, paths)]),
  );
  assert(isComplete(values), 'a key without a default is optional, and every default is allowed');
  return values;
}

function defaultsOf(properties: Readonly<Record<string, TSchema>>, paths: Paths): object {
  return Object.fromEntries(
    Object.entries(properties).flatMap(([key, schema]) => {
      const { platformDefault, default: literal } = keyFacts(schema);
      const value = platformDefault ? paths[platformDefault] : literal;
      return value === undefined ? [] : [[key, value]];
    }),
  );
}
