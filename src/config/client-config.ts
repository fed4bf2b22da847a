// probectl's own config: the hosts a user calls by name. docs/probectl.md has an example.

import { readFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';
import { ConfigError, type Complaint } from './config-error.js';
import { parseToml } from './parse-toml.js';
import { type KeyPath, TomlPositions } from './toml-positions.js';

const NAMED_HOST = Type.Object(
  { address: Type.String({ minLength: 1 }), probectl: Type.Optional(Type.String({ minLength: 1 })) },
  { additionalProperties: false },
);

/** A host: where it is, and where probectl is on it if not in the path. */
export type NamedHost = Readonly<Static<typeof NAMED_HOST>>;

const ALLOWED = 'an address such as "ssh://user@lab", or { address = "ssh://lab", probectl = "/opt/bin/probectl" }';

/**
 * The hosts in the first file that exists, by name; none where no file does.
 * @throws ConfigError  with all that is wrong
 */
export function loadHosts(files: readonly string[]): ReadonlyMap<string, NamedHost> {
  for (const file of files) {
    const text = readIfThere(file);
    if (text !== undefined) return parseHosts(file, text);
  }
  return new Map();
}

function parseHosts(file: string, text: string): ReadonlyMap<string, NamedHost> {
  const { document, understood, errors } = parseToml(text);
  const positions = new TomlPositions(understood);
  const complaints: Complaint[] = errors.map(({ line, column, what }) => ({
    where: `${file}:${line}:${column}`,
    what,
  }));
  const complain = (path: KeyPath, what: string): void => {
    const { line, column } = positions.key(path);
    complaints.push({ where: `${file}:${line}:${column}`, what });
  };
  const hosts = new Map<string, NamedHost>();
  for (const [table, value] of Object.entries(document)) {
    if (table !== 'hosts' || typeof value !== 'object' || value === null) {
      complain([table], `unknown table or key ${table}: allowed is [hosts]`);
      continue;
    }
    for (const [name, host] of Object.entries(value as object)) {
      const full: unknown = typeof host === 'string' ? { address: host } : host;
      if (Check(NAMED_HOST, full))
        hosts.set(name, { ...full }); // the parser's objects have no prototype
      else complain([table, name], `hosts.${name} is wrong: allowed is ${ALLOWED}`);
    }
  }
  if (complaints.length > 0) throw new ConfigError(complaints);
  return hosts;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError([{ where: file, what: `it cannot be read: ${String(code)}` }], { cause });
  }
}
