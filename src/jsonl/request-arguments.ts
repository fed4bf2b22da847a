// How the arguments of a request are laid out in its line: so far a list, in order.

import type { ErrorObject } from 'ajv';
import type { Static, TSchema } from 'typebox';
import { describeSchema } from './schema.js';

/** One argument, by the name that errors and the reference page use. */
export interface Argument<S extends TSchema = TSchema> {
  readonly name: string;
  readonly schema: S;
}

/** A style of arguments: what `requestTable` must know of it. `A` is what a handler gets. */
export interface RequestArguments<A> {
  readonly list: readonly Argument[];
  /** The schema of all arguments together. */
  readonly schema: object;
  /** Says which argument is wrong and what it must be. @param error the first complaint of the validator */
  complain(args: unknown, error: ErrorObject | undefined): string;
  /** Carries the type. */
  readonly type?: A;
}

export function arg<S extends TSchema>(name: string, schema: S): Argument<S> {
  return { name, schema };
}

/** Arguments by position, all of them required. */
export function args<const L extends readonly Argument[]>(
  ...list: L
): RequestArguments<{ [K in keyof L]: Static<L[K]['schema']> }> {
  const size = { minItems: list.length, maxItems: list.length };
  const schema =
    list.length === 0
      ? { type: 'array', ...size }
      : { type: 'array', items: list.map(({ schema }) => schema), additionalItems: false, ...size };
  return { list, schema, complain: (given, error) => complainByPosition(list, given, error) };
}

function complainByPosition(list: readonly Argument[], given: unknown, error: ErrorObject | undefined): string {
  if (!Array.isArray(given)) return 'arguments must be a list';
  if (given.length !== list.length) return `takes ${countOf(list)}, got ${given.length}`;
  // "/1/7": element 7 of the second argument.
  const path = error?.instancePath.split('/') ?? [];
  const position = Number(path.at(1) ?? 0);
  const element = path.at(2);
  const { name, schema } = list[position];
  const where = element === undefined ? '' : `; element ${element} is not`;
  return `argument ${position + 1} (${name}) must be ${describeSchema(schema)}${where}`;
}

function countOf(list: readonly Argument[]): string {
  if (list.length === 0) return 'no arguments';
  const names = list.map(({ name }) => name).join(', ');
  return `${list.length} ${list.length === 1 ? 'argument' : 'arguments'} (${names})`;
}
