/** Computes `make` once for each value, when it is first asked for, and keeps the result as long as the value. Values must not change. */
export function oncePer<K extends object, V extends object>(make: (from: K) => V): (from: K) => V {
  const made = new WeakMap<K, V>();
  return (from) => {
    let value = made.get(from);
    if (!value) made.set(from, (value = make(from)));
    return value;
  };
}
