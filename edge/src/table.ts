/** Tables by name in both runtimes. */

/** A table without inherited keys, so that a host called `constructor` is nothing special (on Node). */
export function emptyTable<T>(): Record<string, T> {
  return { __proto__: null } as unknown as Record<string, T>;
}

/** Absent and undefined are the same in both runtimes. */
export function put<T>(table: Record<string, T>, key: string, value: T | undefined): void {
  (table as Record<string, T | undefined>)[key] = value;
}
