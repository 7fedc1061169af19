/** Closed paths: they answer 503, because what keeps requests out of them cannot be honoured, or is too large. */
import { NO_REDIRECT } from "../annotations/filters.ts";
import type { Filters, ProxySettings, StatusBackend } from "../shapes/routing.ts";
import type { DraftRoute } from "./claim.ts";

export function closedBackend(proxy: ProxySettings): StatusBackend {
  return { kind: "status", status: 503, proxy };
}

/** A closed path stays an expression where it was one, so that it closes all that it would take. @param regex the path is an expression. */
export function closedFilters(regex: boolean): Filters {
  return regex ? { ...NO_REDIRECT, regex: true } : NO_REDIRECT;
}

/** The same path of the same object, with 503 for every request and nothing else. */
export function closedDraft({ path, pathType, backend, synthesized, origin, object, age, filters }: DraftRoute): DraftRoute {
  const of = { path, pathType, synthesized, origin, ...(object ? { object } : {}), ...(age ? { age } : {}) };
  return { ...of, backend: closedBackend(backend.proxy), canaries: [], filters: closedFilters(filters.regex === true), characters: 0 };
}
