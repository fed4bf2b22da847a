// What both halves of the schema are made with.

import { type TArray, type TString, type TUnsafe, Type } from 'typebox';

export const MAX_PORT = 65535;
export const MAX_SIMULATED_PROBES = 256;

/** One of a few words. */
export function oneOf<const T extends string>(values: readonly T[], options: object): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: values, ...options });
}

/** Whom of other machines to let in. */
export function allowList(options: object): TArray<TString> {
  const entry = Type.String({
    format: 'allow-list',
    allowed: 'an IPv4 or IPv6 address, a network such as "192.0.2.0/24", or "any" for everybody',
  });
  return Type.Array(entry, { maxItems: 256, ...options });
}
