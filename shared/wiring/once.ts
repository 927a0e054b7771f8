/** Caches by key: `make` runs once for each key. */

export function once<Value>(
  kept: Map<string, Value>,
  key: string,
  make: (key: string) => Value,
): Value {
  const found = kept.get(key);
  if (found !== undefined) return found;
  const made = make(key);
  kept.set(key, made);
  return made;
}
