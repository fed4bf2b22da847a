/** Takes the first entry for which `suits` holds out of a map. @returns its value; undefined: there is none */
export function takeFirst<K, V>(map: Map<K, V>, suits: (value: V, key: K) => boolean): V | undefined {
  for (const [key, value] of map) {
    if (!suits(value, key)) continue;
    map.delete(key);
    return value;
  }
  return undefined;
}
