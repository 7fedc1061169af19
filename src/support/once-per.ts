/** What is worked out from a value that never changes, once, when it is asked for; it lives as long as the value. */
export function oncePer<K extends object, V extends object>(make: (from: K) => V): (from: K) => V {
  const made = new WeakMap<K, V>();
  return (from) => {
    let value = made.get(from);
    if (!value) made.set(from, (value = make(from)));
    return value;
  };
}
