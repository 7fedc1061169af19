/** A path that answers 503, because what it keeps requests out with cannot be honoured. */
import { NO_REDIRECT } from "../annotations/filters.ts";
import type { Backend, Filters } from "../shapes/routing.ts";
import type { DraftRoute } from "./draft.ts";

export const CLOSED_BACKEND: Backend = { kind: "status", status: 503 };

/** Closed paths stay what they were meant to be, so that they close all of it. @param regex the path is an expression. */
export function closedFilters(regex: boolean): Filters {
  return regex ? { ...NO_REDIRECT, regex: true } : NO_REDIRECT;
}

/** The same path of the same Ingress, with 503 for every request and nothing else. */
export function closedDraft({ path, pathType, proxy, synthesized, origin, ingress, age, filters }: DraftRoute): DraftRoute {
  const of = { path, pathType, proxy, synthesized, origin, ...(ingress ? { ingress } : {}), ...(age ? { age } : {}) };
  return { ...of, backend: CLOSED_BACKEND, canaries: [], filters: closedFilters(filters.regex === true), characters: 0 };
}
