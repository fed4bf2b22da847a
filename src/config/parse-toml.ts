// TOML text -> values, and every syntax error, not only the first.

import { parse, TomlError } from 'smol-toml';
import type { Position } from './toml-positions.js';

export interface ParsedToml {
  /** What could be understood. */
  readonly document: object;
  /** The text it was made from: the given one, with the lines that could not be understood left empty. */
  readonly understood: string;
  readonly errors: readonly SyntaxComplaint[];
}

export interface SyntaxComplaint extends Position {
  readonly what: string;
}

export function parseToml(text: string): ParsedToml {
  try {
    return { document: parse(text), understood: text, errors: [] };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return new Recovery(text).parse();
  }
}

/** Lines `first` to `last`, counted from 1: one `key = value`, or a header. */
interface Statement {
  readonly first: number;
  last: number;
  readonly isHeader: boolean;
}

/**
 * Takes a text with mistakes apart where statements seem to begin, so that a mistake is found in its own statement and
 * not where the parser stumbled over it, and reads what is left without the statements that are wrong.
 */
class Recovery {
  readonly #lines: string[];
  readonly #statements: readonly Statement[];
  readonly #errors: SyntaxComplaint[] = [];

  constructor(text: string) {
    this.#lines = text.split('\n');
    this.#statements = findStatements(this.#lines);
  }

  parse(): ParsedToml {
    for (const statement of this.#statements) {
      const { first, last } = statement;
      const error = syntaxError(this.#lines.slice(first - 1, last).join('\n'));
      if (error) this.#drop(statement, { ...error, line: first + error.line - 1 });
    }
    // What is left fits by itself, though maybe not together: a key twice, a table twice.
    for (;;) {
      const understood = this.#lines.join('\n');
      const error = syntaxError(understood);
      if (!error) return { document: parse(understood), understood, errors: this.#errors };
      const statement = this.#statements.find(({ first, last }) => first <= error.line && error.line <= last);
      if (!statement || this.#isBlank(statement)) {
        return { document: {}, understood: '', errors: [...this.#errors, error] };
      }
      this.#drop(statement, error);
    }
  }

  /** A header takes its table along: its keys would land in the table before. */
  #drop(statement: Statement, error: SyntaxComplaint): void {
    if (this.#isBlank(statement)) return;
    this.#errors.push(error);
    const next = this.#statements.find(({ first, isHeader }) => isHeader && first > statement.first);
    const last = statement.isHeader ? (next ? next.first - 1 : this.#lines.length) : statement.last;
    this.#lines.fill('', statement.first - 1, last);
  }

  #isBlank({ first, last }: Statement): boolean {
    return this.#lines.slice(first - 1, last).every((line) => line === '');
  }
}

function findStatements(lines: readonly string[]): readonly Statement[] {
  const statements: Statement[] = [];
  for (const [index, line] of lines.entries()) {
    const isHeader = /^\s*\[[^,]*$/.test(line) && !/^\s*\[\s*["'\d]/.test(line);
    const isPair = /^\s*[\w."' -]*=/.test(line);
    const isEmpty = /^\s*(#|$)/.test(line);
    const current = statements.at(-1);
    if (isHeader || isPair || (!current && !isEmpty) || (current?.isHeader && !isEmpty)) {
      statements.push({ first: index + 1, last: index + 1, isHeader });
    } else if (current && !isEmpty) {
      current.last = index + 1;
    }
  }
  return statements;
}

function syntaxError(text: string): SyntaxComplaint | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return { line: error.line, column: error.column, what: explain(reason) };
  }
}

/** The parser's words, and what is allowed where they do not say it. */
function explain(reason: string): string {
  if (reason === 'invalid value' || reason.startsWith('incomplete key-value')) {
    return `syntax error, ${reason}: allowed are text in quotes, numbers, true, false and lists in [ ]`;
  }
  if (reason.startsWith('trying to redefine')) return `syntax error, this is in the file already: leave one of the two`;
  return `syntax error, ${reason}`;
}
