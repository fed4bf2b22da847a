// A parsed TOML document against the schema: which keys are wrong, and what is left without them.

import assert from 'node:assert/strict';
import type { ErrorObject } from 'ajv';
import type { TSchema } from 'typebox';
import { didYouMean, nearest } from '../base/nearest.js';
import { allowListProblem } from './allow-list.js';
import { configAjv } from './config-ajv.js';
import { describeAllowed, describeValue, keyFacts } from './describe-key.js';
import { globProblem } from './glob.js';
import { type FileSettings, fileSchema, lists } from './schema.js';
import { tables } from './tables.js';
import type { KeyPath } from './toml-positions.js';

/** A mistake in a key: where to look for it, and what it is. */
export interface KeyComplaint {
  readonly path: KeyPath;
  /** Whether the key is the mistake, or its value. */
  readonly at: 'key' | 'value';
  readonly what: string;
}

export interface CheckedFile {
  /** What is right in the file; the keys that are wrong are left out. */
  readonly values: FileSettings;
  readonly complaints: readonly KeyComplaint[];
}

const isFile = configAjv().compile<FileSettings>(fileSchema);
/** The schema of every table, by name. */
const schemas = new Map<string, { readonly properties: Readonly<Record<string, TSchema>> }>([
  ...Object.entries(tables),
  ...Object.entries(lists),
]);

/**
 * @param document  a document as the TOML parser made it; wrong keys are deleted in it
 */
export function checkFile(document: object): CheckedFile {
  const lacking = [...findEmptyRules(document), ...findNamelessProbes(document)];
  const complaints = new Map<string, KeyComplaint>();
  // Taking a wrong value out can leave nothing that is wrong, so the second round only proves the type.
  if (!isFile(document)) {
    for (const error of isFile.errors ?? []) {
      const complaint = explain(error);
      // One complaint a value: its schema's words are all told at once.
      const name = JSON.stringify(complaint.path);
      if (!complaints.has(name)) complaints.set(name, complaint);
    }
    for (const { path } of complaints.values()) takeOut(document, path);
  }
  assert(isFile(document), 'nothing is wrong in a file without its mistakes');
  return { values: document, complaints: [...complaints.values(), ...lacking] };
}

function explain(error: ErrorObject): KeyComplaint {
  const parent = pathOf(error.instancePath);
  if (error.keyword === 'additionalProperties') {
    const key = String(Reflect.get(error.params, 'additionalProperty'));
    return { path: [...parent, key], at: 'key', what: explainUnknown(parent, key) };
  }
  const what = `${nameOf(parent)} is ${describeValue(error.data)}${reason(error)}: allowed is ${allowedAt(parent)}`;
  return { path: parent, at: 'value', what };
}

/** What a format has to add. */
function reason({ keyword, params, data }: ErrorObject): string {
  if (keyword !== 'format') return '';
  const problem = formatProblems.get(String(Reflect.get(params, 'format')))?.(String(data));
  return problem === undefined ? '' : `, and ${problem}`;
}

const formatProblems = new Map([
  ['glob', globProblem],
  ['allow-list', allowListProblem],
]);

function explainUnknown(parent: KeyPath, key: string): string {
  const table = parent.at(0);
  if (table === undefined) {
    const homes = homesOf(key);
    if (homes.length > 0) return `unknown table or key ${key}: it belongs under ${homes.join(' or ')}`;
    const guess = didYouMean(nearest(key, schemas.keys()).map(header));
    return `unknown table ${key}: ${guess ?? `allowed are ${[...schemas.keys()].map(header).join(', ')}`}`;
  }
  const keys = Object.keys(schemas.get(String(table))?.properties ?? {});
  const what = `unknown key ${nameOf([...parent, key])}`;
  const homes = homesOf(key);
  if (homes.length > 0) return `${what}: it belongs under ${homes.join(' or ')}`;
  return `${what}: ${didYouMean(nearest(key, keys)) ?? `allowed are ${keys.join(', ')}`}`;
}

/** The tables that have a key of that name. */
function homesOf(key: string): readonly string[] {
  return [...schemas].filter(([, { properties }]) => Object.hasOwn(properties, key)).map(([table]) => header(table));
}

function header(table: string): string {
  return Object.hasOwn(lists, table) ? `[[${table}]]` : `[${table}]`;
}

function allowedAt([table, ...rest]: KeyPath): string {
  const isList = Object.hasOwn(lists, String(table));
  const key = rest.find((part) => typeof part === 'string');
  if (key === undefined) return isList ? `one or more tables [[${table}]]` : `a table [${table}]`;
  const schema = schemas.get(String(table))?.properties[key] ?? {};
  // Inside a list of words it is the word that is wrong.
  const inList = typeof rest.at(-1) === 'number';
  const { items } = keyFacts(schema);
  return describeAllowed(inList && items ? items : schema);
}

/** "listen.first_port", "probe.port": as the file writes it, so without the index. */
function nameOf(path: KeyPath): string {
  return path.filter((part) => typeof part === 'string').join('.');
}

/** RFC 6901. Numbers are array indices: no table has a key made of digits. */
function pathOf(pointer: string): KeyPath {
  if (pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Deletes the key that `path` leads to or into; of a list that is wrong, or has a wrong element, all. */
function takeOut(document: object, path: KeyPath): void {
  let holder: unknown = document;
  const last = path.findLastIndex((part) => typeof part === 'string');
  for (const part of path.slice(0, last)) holder = isObject(holder) ? Reflect.get(holder, part) : undefined;
  const key = path.at(last);
  if (isObject(holder) && key !== undefined) Reflect.deleteProperty(holder, key);
}

/** Which probe an entry is about must be said. Found here and not by ajv, so that the rest of the entry is checked. */
function findNamelessProbes(document: object): readonly KeyComplaint[] {
  const entries: unknown = Reflect.get(document, 'probe');
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown, index) =>
    isObject(entry) && !Object.hasOwn(entry, 'uid')
      ? [{ path: ['probe', index], at: 'key' as const, what: `[[probe]] has no uid: give it that of a probe` }]
      : [],
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A rule without keys would fit everything. */
function findEmptyRules(document: object): readonly KeyComplaint[] {
  return (['match', 'ignore'] as const).flatMap((table) => {
    const rules: unknown = Reflect.get(document, table);
    if (!Array.isArray(rules)) return [];
    const keys = Object.keys(lists[table].properties).join(', ');
    return rules.flatMap((rule: unknown, index) =>
      isObject(rule) && Object.keys(rule).length === 0
        ? [{ path: [table, index], at: 'key' as const, what: `[[${table}]] is empty: give it one or more of ${keys}` }]
        : [],
    );
  });
}
