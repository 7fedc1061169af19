/** Lists that are kept for each of many objects. */
const NONE: readonly never[] = [];

/**
 * The same list in the room that it needs: V8 leaves sixteen places (128 bytes) behind a list that grew member by member.
 * All empty ones are one.
 */
export function exact<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? NONE : list.slice();
}
