/**
 * The filters of one route, from the annotations of its Ingress: each group of annotations adds the fields it knows of.
 */
import type { Filters as EdgeFilters } from "../../edge/src/program.ts";
import { externalAuthFilters, externalAuthPools } from "./annotations/external-auth-guard.ts";
import { accessFilters } from "./annotations/access.ts";
import { headerFilters } from "./annotations/headers.ts";
import { limitFilters } from "./annotations/limits.ts";
import type { Values } from "./annotations/values.ts";
import type { Config } from "./config.ts";
import type { FilterPool, Filters, PathType } from "./types.ts";

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
  readonly config: Config;
}

type EdgeFiltersOf = (values: Values, context: FilterContext) => EdgeFilters;
type PoolsOf = (values: Values, context: FilterContext) => readonly FilterPool[];

const EDGE_FILTERS: readonly EdgeFiltersOf[] = [
  headerFilters,
  externalAuthFilters,
  limitFilters,
  accessFilters,
];
const POOLS: readonly PoolsOf[] = [
  externalAuthPools,
];

export function filtersOf(values: Values, context: FilterContext): Filters {
  const { forceSslRedirect, sslRedirect, preserveTrailingSlash } = values.redirects;
  const exempt = context.config.noTlsRedirectLocations.some((start) => context.path.startsWith(start));
  const httpsRedirect = exempt ? "never" : forceSslRedirect ? "always" : sslRedirect ? "certificate" : "never";
  const edge: EdgeFilters = Object.assign({}, ...EDGE_FILTERS.map((filters) => filters(values, context)));
  const pools = POOLS.flatMap((poolsOf) => poolsOf(values, context));
  return {
    httpsRedirect,
    preserveTrailingSlash,
    ...(Object.keys(edge).length > 0 ? { edge } : {}),
    ...(pools.length > 0 ? { pools } : {}),
  };
}
