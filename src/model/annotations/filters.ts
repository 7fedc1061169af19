/**
 * The filters of one route, from the annotations of its Ingress: each feature adds what it knows of.
 */
import type { EdgeFilters } from "../../../edge/src/program.ts";
import type { Filters } from "../shapes/routing.ts";
import type { Feature, FilterContext } from "./feature.ts";
import { FEATURES } from "./features.ts";
import { errorPages, errors } from "./features/error-pages.ts";
import type { Values } from "./slot.ts";

export const NO_REDIRECT: Filters = { httpsRedirect: "never", preserveTrailingSlash: false };

/** The filters of a route that nobody declared and that leads to the default backend: the operator's error pages. */
export function undeclaredFilters(defaults: Values): Filters {
  const pages = errorPages(errors.of(defaults));
  return pages ? { ...NO_REDIRECT, edge: { errors: {} }, errorPages: pages } : NO_REDIRECT;
}

/** The filters that travel to the edge. What several features say of the upstream becomes one filter. */
export function edgeFilters(values: Values, context: FilterContext, features: readonly Feature[] = FEATURES): EdgeFilters {
  const all: EdgeFilters = {};
  for (const { edge } of features) {
    if (!edge) continue;
    const filters = edge(values, context);
    const upstream = filters.upstream && { ...all.upstream, ...filters.upstream };
    Object.assign(all, filters, upstream && { upstream });
  }
  return all;
}

export function filtersOf(values: Values, context: FilterContext, features: readonly Feature[] = FEATURES): Filters {
  const edge = edgeFilters(values, context, features);
  const pools = features.flatMap((feature) => feature.pools?.(values, context) ?? []);
  const filters: Filters = { ...NO_REDIRECT, ...(Object.keys(edge).length > 0 ? { edge } : {}), ...(pools.length > 0 ? { pools } : {}) };
  for (const { route } of features) if (route) Object.assign(filters, route(values, context));
  return filters;
}
