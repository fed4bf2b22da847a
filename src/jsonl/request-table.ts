// Requests, each declared once as an object, and the table that dispatches to them.

import assert from 'node:assert/strict';
import type { Ajv } from 'ajv';
import type { Static, TSchema } from 'typebox';
import { RequestError } from '../base/errors.js';
import { encodeJson } from './encode-json.js';
import { parseLine } from './parse-line.js';
import type { RequestArguments } from './request-arguments.js';
import { compileGuard, strictAjv } from './schema.js';

/** What a request answers. */
export interface RequestResult<R> {
  /** Undefined: never a result. */
  readonly schema?: TSchema;
  /** Whether the result may be missing. */
  readonly optional: boolean;
  /** Carries the type. */
  readonly type?: R;
}

/** A request that answers "done" and no more. */
export const noResult: RequestResult<void> = { optional: true };

export function result<S extends TSchema>(schema: S): RequestResult<Static<S>> {
  return { schema, optional: false };
}

export function optionalResult<S extends TSchema>(schema: S): RequestResult<Static<S> | undefined> {
  return { schema, optional: true };
}

/** A request as both sides know it. */
export interface RequestSignature<A, R> {
  readonly name: string;
  /** One sentence for the reference page. */
  readonly summary: string;
  readonly args: RequestArguments<A>;
  readonly result: RequestResult<R>;
}

/** The one declaration of a request, with what it does. */
export interface RequestDeclaration<Context, A, R> extends RequestSignature<A, R> {
  /** Called with checked arguments. Returns a promise only if it has to wait: the caller can tell, and save the turn. */
  run(context: Context, args: A): R | Promise<R>;
}

/** Runs one request with arguments as they came. @throws RequestError if they do not fit */
type Call<Context> = (context: Context, args: unknown) => unknown;

/** A declaration whose types are sealed in, so that requests of all shapes fit into one list. */
export interface Request<Context> extends RequestSignature<unknown, unknown> {
  compile(ajv: Ajv, checkResult: boolean): Call<Context>;
}

export function request<Context, A, R>(declaration: RequestDeclaration<Context, A, R>): Request<Context> {
  const { name, summary, args, result } = declaration;
  return { name, summary, args, result, compile: (ajv, check) => compile(declaration, ajv, check) };
}

export interface RequestTable<Context> {
  readonly requests: readonly Request<Context>[];
  /** How to run a request; undefined for a name that is not in the table. */
  find(name: string): Call<Context> | undefined;
}

export interface RequestTableOptions {
  /**
   * Check schemas and results, too: a wrong one is an `AssertionError`. For tests: it costs as much as the request
   * itself.
   */
  readonly checkResults?: boolean;
}

/** Compiles all validators, so that a broken schema stops the start and never a request. */
export function requestTable<Context>(
  requests: readonly Request<Context>[],
  { checkResults = false }: RequestTableOptions = {},
): RequestTable<Context> {
  const ajv = strictAjv({ checkSchemas: checkResults });
  const calls = new Map<string, Call<Context>>();
  for (const declared of requests) {
    assert(!calls.has(declared.name), `request ${declared.name} is declared twice`);
    calls.set(declared.name, declared.compile(ajv, checkResults));
  }
  return { requests, find: (name) => calls.get(name) };
}

function compile<Context, A, R>(
  declaration: RequestDeclaration<Context, A, R>,
  ajv: Ajv,
  checkResult: boolean,
): Call<Context> {
  const { name, args } = declaration;
  const fits = compileGuard<A>(ajv, args.schema);
  const call: Call<Context> = (context, given) => {
    if (fits(given)) return declaration.run(context, given);
    throw new RequestError(`${name}: ${args.complain(given, fits.errors?.at(0))}`);
  };
  return checkResult ? withResultCheck(declaration, ajv, call) : call;
}

function withResultCheck<Context, A, R>(
  { name, result }: RequestDeclaration<Context, A, R>,
  ajv: Ajv,
  call: Call<Context>,
): Call<Context> {
  const fits = result.schema ? compileGuard(ajv, result.schema) : () => false;
  const check = (value: unknown): unknown => {
    if (value === undefined) {
      assert(result.optional, `${name}: the result is missing`);
      return value;
    }
    // What the client will see is what must fit: a Uint32Array is a list by then.
    assert(fits(parseLine(Buffer.from(encodeJson(value)))), `${name}: the result does not fit its schema`);
    return value;
  };
  return (context, given) => {
    const value = call(context, given);
    return value instanceof Promise ? value.then(check) : check(value);
  };
}
