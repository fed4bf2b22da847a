// The schema words that requests are declared with, and the ajv that knows them.

import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import { Type, type TSchema, type TUnsafe } from 'typebox';
import { Check } from 'typebox/value';

/** An unsigned integer of a register, a word of memory, an ADIv5 address: 0 … 2^32-1. */
export const U32 = Type.Integer({ minimum: 0, maximum: 0xffff_ffff });

/**
 * An unsigned integer of up to `bits` bits. It comes as a `number` where that is exact, else as a `bigint`; a number
 * past 2^53, which has been rounded (1e20), is refused.
 */
export function wideUint(bits: number): TUnsafe<number | bigint> {
  return Type.Unsafe({ uintBits: bits });
}

/** One of a few values. */
export function oneOf<const T extends number | string | boolean>(...values: readonly T[]): TUnsafe<T> {
  return Type.Unsafe({ enum: values });
}

/** A list of integers, as a request brings it. */
export function integerList(
  item: { readonly minimum: number; readonly maximum: number },
  count: { readonly minItems: number; readonly maxItems: number },
): TUnsafe<readonly number[]> {
  return Type.Unsafe(Type.Array(Type.Integer(item), count));
}

export interface StrictAjvOptions {
  /** Check schemas against JSON Schema's own, too. For tests: it costs half a start of the daemon. */
  readonly checkSchemas?: boolean;
}

/** An ajv that refuses unknown words in a schema and never converts a value. */
export function strictAjv({ checkSchemas = false }: StrictAjvOptions = {}): Ajv {
  const ajv = new Ajv({
    ...{ strict: true, strictTypes: true, allowUnionTypes: false },
    ...{ meta: checkSchemas, validateSchema: checkSchemas },
    code: { optimize: false }, // V8 does it again, and only for what is hot
  });
  ajv.addKeyword({
    keyword: 'uintBits',
    schemaType: 'number',
    compile: (bits: number) => (value: unknown) => isWideUint(value, bits),
  });
  return ajv;
}

/** Whether a value fits a schema, without ajv: slower than a compiled guard, and nothing to compile. */
export function fits(schema: TSchema, value: unknown): boolean {
  const { uintBits }: Facts = schema;
  return uintBits === undefined ? Check(schema, value) : isWideUint(value, uintBits);
}

function isWideUint(value: unknown, bits: number): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 && isWideUint(BigInt(value), bits);
  return typeof value === 'bigint' && value >= 0n && value < 1n << BigInt(bits);
}

/** Compiles a schema to a type guard. */
export function compileGuard<T>(ajv: Ajv, schema: AnySchema): ValidateFunction<T> {
  return ajv.compile<T>(schema);
}

/** The words of a schema that `describeSchema` can put into English. */
interface Facts {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly uintBits?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly multipleOf?: number;
  readonly items?: TSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** What a schema allows, to be put after "must be": "an integer from 0 to 255". Its description, if it has one. */
export function describeSchema(schema: TSchema): string {
  const facts: Facts = schema;
  if (facts.description !== undefined) return facts.description;
  if (facts.enum) return `one of ${facts.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if (facts.uintBits !== undefined) return `an unsigned integer of at most ${facts.uintBits} bits`;
  switch (facts.type) {
    case 'integer':
      return `${facts.multipleOf === undefined ? 'an integer' : `a multiple of ${facts.multipleOf}`}${range(facts)}`;
    case 'number':
      return `a number${range(facts)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return 'a string';
    case 'array':
      return `a list${count(facts)}${facts.items ? `, each ${describeSchema(facts.items)}` : ''}`;
    default:
      return 'valid';
  }
}

function range({ minimum, maximum }: Facts): string {
  return minimum === undefined || maximum === undefined ? '' : ` from ${minimum} to ${maximum}`;
}

function count({ minItems, maxItems }: Facts): string {
  return minItems === undefined || maxItems === undefined ? '' : ` of ${minItems} to ${maxItems}`;
}
