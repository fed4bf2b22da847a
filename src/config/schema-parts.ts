// What both halves of the schema are made with.

import { type TUnsafe, Type } from 'typebox';

export const MAX_PORT = 65535;
export const MAX_SIMULATED_PROBES = 256;

/** One of a few words. */
export function oneOf<const T extends string>(values: readonly T[], options: object): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: values, ...options });
}
