/**
 * What a feature is: a group of annotations, and everything that they do. Each has one file that exports one Feature,
 * and one line in the list (features.ts), from which everybody else has all that they need.
 */
import type { EdgeFilters } from "../../../edge/src/program.ts";
import type { Config } from "../config/config.ts";
import type { FilterPool, Filters, PathType } from "../shapes/routing.ts";
import type { Annotation } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import type { AnySlot, Values } from "./slot.ts";

/** What a filter may depend on beside the values of its Ingress. */
export interface FilterContext {
  /** `_` for the catch-all. */
  readonly host: string;
  /** As declared. */
  readonly path: string;
  readonly pathType: PathType;
  /** Of the Ingress. */
  readonly namespace: string;
  readonly ingress: string;
  /** Of the Ingress, where the API server gave it one. */
  readonly uid?: string;
  /** Where the route leads; undefined: to the default backend. */
  readonly service?: string;
  /** What the Ingress says of all its paths; the values themselves may be of this path alone. */
  readonly shared: Values;
  readonly config: Config;
  /** Flag --https-port. */
  readonly httpsPort: number;
}

/** The filters of a route that the control plane reads. */
export type RouteFilters = Partial<Omit<Filters, "edge" | "pools">>;

export interface Feature {
  /** Its part of the values. Absent: its annotations set fields of another feature's part. */
  readonly slot?: AnySlot;
  readonly annotations: readonly Annotation[];
  /** What holds between several annotations, or in objects that they name. Absent: each stands for itself. */
  readonly resolver?: Resolver;
  /** What the edge does for one route. */
  readonly edge?: (values: Values, context: FilterContext) => EdgeFilters;
  /** Pools that one route needs beside its own. */
  readonly pools?: (values: Values, context: FilterContext) => readonly FilterPool[];
  /** What else one route is to do. No two features set one field of the same route. */
  readonly route?: (values: Values, context: FilterContext) => RouteFilters;
}
