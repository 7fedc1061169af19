/**
 * What the annotations of one Ingress say, in parts: each feature has a slot, and reads and changes its own part by it.
 *
 * Guarantee: values are never edited. What a change leaves alone keeps its identity, so that Ingresses that say nothing
 * of a feature share one part with the defaults.
 */
import type { Config } from "../config/config.ts";

/** What the annotations of one Ingress say, complete: absent ones have their default. */
export interface Values {
  /** The parts by the number of their slot. Only the slot itself looks into its part. */
  readonly parts: readonly unknown[];
}

/** Values without a part of any feature. */
export const NO_VALUES: Values = { parts: [] };

/** A slot, whatever its part is. */
export interface AnySlot {
  readonly name: string;
  /** The values with this slot's part as an Ingress without annotations has it. */
  start(values: Values, config: Config): Values;
}

/** Where a feature keeps its part of the values. */
export interface Slot<V extends object> extends AnySlot {
  /** The part as an Ingress without annotations has it. */
  defaults(config: Config): V;
  of(values: Values): V;
  /** The values with some fields of the part changed. */
  with(values: Values, change: Partial<V>): Values;
  /** The values with another part in the place of this one. */
  put(values: Values, part: V): Values;
}

let slots = 0;

/**
 * Declares the slot of a feature.
 * @param name for whoever reads a stack trace.
 */
export function slot<V extends object>(name: string, defaults: (config: Config) => V): Slot<V> {
  const index = slots++;
  const of = (values: Values): V => {
    const part = values.parts[index];
    if (part === undefined) throw new Error(`no feature of the list has the slot "${name}"`);
    // No other slot has the index, and `put` takes nothing but a V.
    return part as V;
  };
  const put = (values: Values, part: V): Values => {
    const parts = values.parts.slice();
    parts[index] = part;
    return { parts };
  };
  return {
    name,
    defaults,
    of,
    put,
    with: (values, change) => put(values, { ...of(values), ...change }),
    start: (values, config) => put(values, defaults(config)),
  };
}
