/**
 * The filters of one route, from the annotations of its Ingress: each group of annotations adds the fields it knows of.
 */
import type { Filters as EdgeFilters } from "../../edge/src/program.ts";
import { externalAuthFilters, externalAuthPools } from "./annotations/external-auth-guard.ts";
import { accessFilters } from "./annotations/access.ts";
import { corsFilters } from "./annotations/cors.ts";
import { errorFilters, errorPages, errorPools } from "./annotations/error-pages.ts";
import { headerFilters } from "./annotations/headers.ts";
import { limitFilters } from "./annotations/limits.ts";
import { logFilters } from "./annotations/logs.ts";
import { mirrorPools } from "./annotations/mirror.ts";
import { redirectFilters } from "./annotations/redirects.ts";
import { sentFilters } from "./annotations/request-headers.ts";
import { rewriteFilters } from "./annotations/rewrite.ts";
import { rewritingFilters } from "./annotations/rewriting.ts";
import { snippetFilters } from "./annotations/snippets.ts";
import { routeTrace } from "./annotations/tracing.ts";
import { upstreamFilters, upstreamObjects } from "./annotations/upstream.ts";
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

type EdgeFiltersOf = (values: Values, context: FilterContext) => EdgeFilters;
type PoolsOf = (values: Values, context: FilterContext) => readonly FilterPool[];

const EDGE_FILTERS: readonly EdgeFiltersOf[] = [
  headerFilters,
  externalAuthFilters,
  limitFilters,
  accessFilters,
  snippetFilters,
  upstreamFilters,
  corsFilters,
  rewritingFilters,
  sentFilters,
  errorFilters,
  logFilters,
];
const POOLS: readonly PoolsOf[] = [
  mirrorPools,
  externalAuthPools,
  errorPools,
];

/** Of a route that leads to the default backend because nobody declared it: the operator's error pages. */
export function undeclaredFilters(defaults: Values): Filters {
  const pages = errorPages(defaults);
  const none: Filters = { httpsRedirect: "never", preserveTrailingSlash: false };
  return pages ? { ...none, edge: errorFilters(defaults, { namespace: "" }), errorPages: pages } : none;
}

/** Those that travel to the edge. */
export function edgeFilters(values: Values, context: FilterContext): EdgeFilters {
  return Object.assign({}, ...EDGE_FILTERS.map((filters) => filters(values, context)));
}

export function filtersOf(values: Values, context: FilterContext): Filters {
  const { forceSslRedirect, sslRedirect, preserveTrailingSlash } = values.redirects;
  const exempt = context.config.noTlsRedirectLocations.some((start) => context.path.startsWith(start));
  const httpsRedirect = exempt ? "never" : forceSslRedirect ? "always" : sslRedirect ? "certificate" : "never";
  const edge = edgeFilters(values, context);
  const trace = routeTrace(values);
  const { snippet } = values.snippets;
  const pools = POOLS.flatMap((poolsOf) => poolsOf(values, context));
  const pages = errorPages(values);
  return {
    httpsRedirect,
    preserveTrailingSlash,
    ...rewriteFilters(values, context.path),
    ...redirectFilters(values, context.httpsPort),
    ...(Object.keys(edge).length > 0 ? { edge } : {}),
    ...(trace ? { trace } : {}),
    ...(snippet ? { snippet } : {}),
    ...(pools.length > 0 ? { pools } : {}),
    ...upstreamObjects(values),
    ...(pages ? { errorPages: pages } : {}),
  };
}
