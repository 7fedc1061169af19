/**
 * What a feature is: a group of annotations, and everything that they do. A feature has one file, which exports one
 * Feature, and one line in the list (features.ts). Annotations are read, applied and documented by way of that list.
 */
import type { EdgeFilters } from "../../../edge/src/program.ts";
import type { Config } from "../config/config.ts";
import type { FilterPool, Filters, PathType } from "../shapes/routing.ts";
import type { Annotation } from "./annotation.ts";
import type { Resolver } from "./resolver.ts";
import type { AnySlot, Values } from "./slot.ts";

/** What a filter may depend on beside the values of its Ingress. */
export interface FilterContext {
  /** The route's host; `_` for the catch-all. */
  readonly host: string;
  /** The path as declared. */
  readonly path: string;
  readonly pathType: PathType;
  /** Namespace and name of the Ingress. */
  readonly namespace: string;
  readonly ingress: string;
  /** The Ingress's uid, where the API server gave it one. */
  readonly uid?: string;
  /** The Service that the route leads to; undefined: the default backend. */
  readonly service?: string;
  /** What the Ingress says for all its paths. The values that a filter is made from may be of this path alone. */
  readonly shared: Values;
  readonly config: Config;
  /** Flag --https-port. */
  readonly httpsPort: number;
}

/** The filters of a route that the control plane reads. */
export type RouteFilters = Partial<Omit<Filters, "edge" | "pools">>;

export interface Feature {
  /** Where the feature keeps its part of the values. Absent: its annotations set fields of another feature's part. */
  readonly slot?: AnySlot;
  readonly annotations: readonly Annotation[];
  /** Settles what holds between several annotations, and reads objects that they name. Absent: each annotation stands for itself. */
  readonly resolver?: Resolver;
  /** What the edge does for one route. */
  readonly edge?: (values: Values, context: FilterContext) => EdgeFilters;
  /** Pools that one route needs beside its own. */
  readonly pools?: (values: Values, context: FilterContext) => readonly FilterPool[];
  /** Filters of one route that the control plane reads. No two features set one field of the same route. */
  readonly route?: (values: Values, context: FilterContext) => RouteFilters;
}
