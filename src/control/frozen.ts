import { Type, type Static, type TSchema, type TUnsafe } from 'typebox';

/** `T` with every field and every list in it read-only. */
export type Frozen<T> = T extends readonly (infer E)[]
  ? readonly Frozen<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** The same schema for a value that nobody changes: what the daemon hands out is a snapshot. */
export function frozen<S extends TSchema>(schema: S): TUnsafe<Frozen<Static<S>>> {
  return Type.Unsafe<Frozen<Static<S>>>(schema);
}
