/** Lists of numbers as handlers have them at hand; typed arrays go out as plain JSON lists. */
export type NumberList = readonly number[] | Uint8Array | Uint32Array;

/**
 * JSON text of a value, without line breaks. Like `JSON.stringify`, but a `bigint` is printed as its digits, and typed
 * arrays as lists. What JSON cannot say (undefined, functions, NaN) becomes null, or is left out of an object.
 *
 * @throws RangeError  if the value is nested deeper than the stack
 */
export function encodeJson(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? String(value) : 'null';
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'string':
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : encodeObject(value);
    case 'undefined':
    case 'function':
    case 'symbol':
      return 'null';
  }
}

function encodeObject(value: object): string {
  if (value instanceof Uint32Array || value instanceof Uint8Array) return `[${value.join(',')}]`;
  if (Array.isArray(value)) return encodeArray(value);
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${encodeJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

function encodeArray(values: readonly unknown[]): string {
  // `map` would leave the holes of a sparse array.
  let text = '[';
  for (let i = 0; i < values.length; i++) text += i === 0 ? encodeJson(values[i]) : `,${encodeJson(values[i])}`;
  return `${text}]`;
}
