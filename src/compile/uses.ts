/** Counts what parts refer to by id, kept up to date part by part. */

export interface Uses {
  /** A part refers to `after` in place of `before`. Answers whether the set of all ids that are referred to has changed. */
  replace(before: Iterable<string> | undefined, after: Iterable<string> | undefined): boolean;
  /** Whether some part refers to this id. */
  has(id: string): boolean;
}

export function createUses(): Uses {
  const counts = new Map<string, number>();
  /** Counts one reference more or less. Answers whether it was the first that came, or the last that went. */
  const add = (id: string, by: 1 | -1): boolean => {
    const count = (counts.get(id) ?? 0) + by;
    if (count > 0) counts.set(id, count);
    else counts.delete(id);
    return count === (by > 0 ? 1 : 0);
  };
  return {
    replace(before = [], after = []) {
      let different = false;
      for (const id of after) different = add(id, 1) || different;
      for (const id of before) different = add(id, -1) || different;
      return different;
    },
    has: (id) => counts.has(id),
  };
}

export interface ThingsInUse<T> {
  replace(before: ReadonlyMap<string, T> | undefined, after: ReadonlyMap<string, T> | undefined): void;
  /** Id → thing; the same map as long as they are the same. */
  inUse(): ReadonlyMap<string, T>;
}

/** Like `Uses`, and keeps what the ids stand for. */
export function createThingsInUse<T>(): ThingsInUse<T> {
  const uses = createUses();
  let things: ReadonlyMap<string, T> = new Map();
  return {
    replace(before, after) {
      if (!uses.replace(before?.keys(), after?.keys())) return;
      const known = new Map([...things, ...(after ?? [])]);
      things = new Map([...known].filter(([id]) => uses.has(id)));
    },
    inUse: () => things,
  };
}
