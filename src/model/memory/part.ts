/**
 * One part of the Model while it is being updated: the map as it was, and what an update changes in it.
 *
 * Guarantee: a value equal to the one before keeps its identity and is no change.
 */
import { isDeepStrictEqual } from "node:util";
import { SharedMap } from "./shared-map.ts";

export interface ModelPart<V> {
  map: SharedMap<V>;
  pending: Map<string, V | undefined>;
  readonly same: (a: V, b: V) => boolean;
}

export function emptyPart<V>(same: (a: V, b: V) => boolean = isDeepStrictEqual): ModelPart<V> {
  return { map: SharedMap.empty(), pending: new Map(), same };
}

/** Notes the value of a key, or that it has none. To be called at most once for a key in one update. */
export function noteValue<V>(part: ModelPart<V>, key: string, value: V | undefined): void {
  const before = part.map.get(key);
  if (before === undefined || value === undefined) {
    if (before !== value) part.pending.set(key, value);
  } else if (!part.same(before, value)) {
    part.pending.set(key, value);
  }
}

/** Notes the values of all keys at once. */
export function noteAll<V>(part: ModelPart<V>, values: ReadonlyMap<string, V>): void {
  for (const key of part.map.keys()) if (!values.has(key)) noteValue(part, key, undefined);
  for (const [key, value] of values) noteValue(part, key, value);
}

/** The value of a key as it was noted, or before. */
export function current<V>(part: ModelPart<V>, key: string): V | undefined {
  return part.pending.has(key) ? part.pending.get(key) : part.map.get(key);
}

/** Makes what was noted the part's map; gives the keys whose value changed. */
export function commit<V>(part: ModelPart<V>): ReadonlySet<string> {
  const changed = new Set(part.pending.keys());
  part.map = part.map.with(part.pending);
  part.pending = new Map();
  return changed;
}
