/** Which route of a host takes a path: exact paths, prefixes, conditions, regular expressions. Pure. */
import { holds } from "./conditions.ts";
import type { RequestView } from "./request-view.ts";
import type { EdgeHost, PathPattern, EdgeRoute, SpecialHost } from "./program.ts";
import { isLate, PATTERNS_BETWEEN_LOOKS } from "./search.ts";

/** Whether no filter has anything left to do once the request was let pass. */
export function isUnfiltered({ filters }: EdgeRoute): boolean {
  return filters === undefined || filters.early === true;
}

/** Index of the route of a path: exact first, then the longest prefix, then `/`. */
export function findRoute(host: EdgeHost, path: string): number {
  const exact = host.exact[path];
  if (exact !== undefined) return exact;
  for (const length of host.lengths) {
    if (length <= path.length) {
      const prefix = host.prefix[path.substring(0, length)];
      if (prefix !== undefined) return prefix;
    }
  }
  return host.root;
}

/** The same for a host where routes have conditions: a route whose conditions do not hold is as if nobody had declared it. */
function findConditional(host: EdgeHost, path: string, request: RequestView): number {
  const found = findFalling(host, path, request);
  return found === NONE ? host.root : found;
}

/** Index of the route whose conditions hold; NONE where no route takes the request. */
export function findFalling(host: EdgeHost, path: string, request: RequestView): number {
  const until = request.searchUntil();
  const exact = firstThatHolds(host, host.exact[path], request, until);
  if (exact !== undefined) return exact;
  for (const length of host.lengths) {
    if (length <= path.length) {
      const prefix = firstThatHolds(host, host.prefix[path.substring(0, length)], request, until);
      if (prefix !== undefined) return prefix;
    }
  }
  return host.root < 0 ? NONE : (firstThatHolds(host, host.root, request, until) ?? NONE);
}

/** Index of the first route of a path whose conditions hold; undefined: there is none; or GAVE_UP. */
function firstThatHolds(host: EdgeHost, first: number | undefined, request: RequestView, until: number): number | undefined {
  let index = first;
  while (index !== undefined) {
    const route = host.routes[index] as EdgeRoute;
    if (route.when === undefined) return index;
    if (request.isPast(until)) return GAVE_UP;
    if (holds(route.when, request, route.namespace)) return index;
    index = route.otherwise;
  }
  return undefined;
}

/** In place of an index: a regular expression gave up on the path, or all of them together took too long. */
export const GAVE_UP = -1;
/** In place of an index: no route of the host takes the request. */
export const NONE = -2;

/** Index of the route of a path at a host with `special`; or GAVE_UP. */
export function findSpecial(host: EdgeHost, special: SpecialHost, path: string, request: RequestView): number {
  if (special.patterns !== undefined) return findByPattern(host, special.patterns, path, request);
  return special.conditional === true ? findConditional(host, path, request) : findRoute(host, path);
}

/** The route of a path at any host; undefined: a regular expression gave up. */
export function routeAt(host: EdgeHost, path: string, request: RequestView): EdgeRoute | undefined {
  const index = host.special === undefined ? findRoute(host, path) : findSpecial(host, host.special, path, request);
  return index === GAVE_UP ? undefined : host.routes[index];
}

/**
 * The first route whose pattern matches and whose conditions hold. A pattern that cannot be run matches nothing. A
 * pattern that exceeds its limits on this path ends the request: a path that is made to be too hard must not reach
 * another route.
 */
function findByPattern(host: EdgeHost, patterns: PathPattern[], path: string, request: RequestView): number {
  const exact = host.exact[path];
  if (exact !== undefined) return exact;
  const until = patterns.length < PATTERNS_BETWEEN_LOOKS ? 0 : request.searchUntil();
  for (let i = 0; i < patterns.length; i++) {
    if (isLate(i, until, request)) return GAVE_UP;
    const { pattern, route } = patterns[i] as PathPattern;
    const { namespace, when } = host.routes[route] as EdgeRoute;
    const matched = request.matches(path, pattern, namespace);
    if (matched === undefined && request.gaveUp(pattern, namespace)) return GAVE_UP;
    if (matched === true) {
      if (when === undefined || holds(when, request, namespace)) return route;
    }
  }
  return host.root;
}
