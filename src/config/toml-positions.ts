// Where in a TOML text a key stands. The parser that knows positions is asked for nothing else: its values lose
// precision and pollute prototypes.

import { type AST, parseTOML } from 'toml-eslint-parser';

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** ["probe", 0, "port"] */
export type KeyPath = readonly (string | number)[];

const START: Position = { line: 1, column: 1 };

export class TomlPositions {
  readonly #keys = new Map<string, Position>();
  readonly #values = new Map<string, Position>();

  /** @param text  that a TOML parser has accepted */
  constructor(text: string) {
    let program: AST.TOMLProgram;
    try {
      program = parseTOML(text, { tomlVersion: '1.1' });
    } catch {
      return; // The two parsers disagree about some corner of TOML: every position is then the start of the file.
    }
    for (const node of program.body[0].body) {
      if (node.type === 'TOMLKeyValue') this.#addKeyValue([], node);
      else this.#addTable(node);
    }
  }

  /** Where the key or table header is. That of the table around it where the key does not exist. */
  key(path: KeyPath): Position {
    for (let length = path.length; length > 0; length--) {
      const name = JSON.stringify(path.slice(0, length));
      const found = this.#keys.get(name) ?? this.#values.get(name);
      if (found) return found;
    }
    return START;
  }

  /** Where the value is; for a table, where it begins. */
  value(path: KeyPath): Position {
    return this.#values.get(JSON.stringify(path)) ?? this.key(path);
  }

  #addTable(table: AST.TOMLTable): void {
    const { resolvedKey } = table;
    for (let length = 1; length <= resolvedKey.length; length++) {
      this.#add(this.#keys, resolvedKey.slice(0, length), table);
    }
    for (const pair of table.body) this.#addKeyValue(resolvedKey, pair);
  }

  #addKeyValue(parent: KeyPath, { key, value }: AST.TOMLKeyValue): void {
    let path = parent;
    for (const part of key.keys) {
      path = [...path, part.type === 'TOMLBare' ? part.name : part.value];
      this.#add(this.#keys, path, part);
    }
    this.#addValue(path, value);
  }

  #addValue(path: KeyPath, value: AST.TOMLContentNode): void {
    this.#add(this.#values, path, value);
    if (value.type === 'TOMLInlineTable') for (const pair of value.body) this.#addKeyValue(path, pair);
    if (value.type === 'TOMLArray')
      value.elements.forEach((element, index) => this.#addValue([...path, index], element));
  }

  /** The first mention counts: `[[probe]]` is where the first probe is. */
  #add(positions: Map<string, Position>, path: KeyPath, { loc }: { readonly loc: AST.SourceLocation }): void {
    const name = JSON.stringify(path);
    if (!positions.has(name)) positions.set(name, { line: loc.start.line, column: loc.start.column + 1 });
  }
}
