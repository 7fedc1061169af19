/**
 * One Host: its routes with their canaries, and which pools they lead to.
 *
 * Guarantee: a Host depends on nothing but the claims on the host, the flags and the Config. Whether a Service exists is the
 * pool's affair, so that endpoints coming and going never touch a Host.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import { exact } from "../../support/exact.ts";
import { flatText, oneOfAll } from "../../support/kept-text.ts";
import type { PoolReference } from "../backends/pool.ts";
import type { CanaryClaim, DraftRoute, HostClaim } from "../claims/claim.ts";
import type { Finding } from "../findings/findings.ts";
import type { Host, Route } from "../shapes/routing.ts";
import { passthroughOf } from "../streams/passthrough.ts";
import type { AliasClaim } from "./aliases.ts";
import { attachCanaries, backendOf } from "./canary.ts";
import { hostTlsOf } from "./host-tls.ts";
import { aliasesWanted, appRootOf, declareHost } from "./host-wide.ts";
import { describe, routeKey } from "./paths.ts";
import type { HostContext } from "./paths.ts";

export interface BuiltHost {
  /** Undefined when nobody declares routes of the host. */
  readonly host: Host | undefined;
  readonly references: readonly PoolReference[];
  /** Further names that the host wants. */
  readonly aliases: readonly AliasClaim[];
  readonly findings: readonly Finding[];
}

/** What is asked of one host, oldest first. */
export interface HostClaims {
  readonly mains: readonly HostClaim[];
  readonly canaries: readonly CanaryClaim[];
}

export function buildHost(name: string, { mains, canaries }: HostClaims, context: HostContext): BuiltHost {
  const findings: Finding[] = [];
  const exists = mains.length > 0 || name === CATCH_ALL;
  const { drafts, regex, keyOf, sizes } = exists
    ? declareHost(name, mains, context, findings)
    : { drafts: new Map<string, DraftRoute>(), regex: false, keyOf: routeKey, sizes: () => true };
  attachCanaries(name, { routes: drafts, keyOf, sizes }, canaries, findings);
  if (!exists) return { host: undefined, references: [], aliases: [], findings };
  const sorted = [...drafts.values()].sort(regex ? byText : byPath);
  const appRoot = appRootOf(mains, findings);
  const tls = hostTlsOf(name, mains, findings);
  const routes = sorted.map((route) => finish(route, regex));
  const aliases = aliasesWanted(name, mains, findings);
  const passthrough = context.passthrough ? passthroughOf({ host: name, mains, routes, names: aliases.map(({ name: other }) => other) }, findings) : undefined;
  findings.push(...mains.flatMap((claim) => claim.findings));
  return {
    host: {
      name, routes, ...(regex ? { regex } : {}), ...(appRoot === undefined ? {} : { appRoot }), ...(tls ? { tls } : {}),
      ...(passthrough === undefined ? {} : { passthrough }),
    },
    references: exact(sorted.flatMap((route) => referencesOf(name, route))),
    aliases,
    findings,
  };
}

/** Path descending, Exact before Prefix; of one path, routes with more conditions first, then in the order of declaration. */
function byPath(a: DraftRoute, b: DraftRoute): number {
  if (a.path !== b.path) return a.path > b.path ? -1 : 1;
  if (a.pathType !== b.pathType) return a.pathType < b.pathType ? -1 : 1;
  return conditionsOf(b) - conditionsOf(a);
}

/** The same where paths are regular expressions: the path type means little there, and does not count. */
function byText(a: DraftRoute, b: DraftRoute): number {
  return a.path === b.path ? conditionsOf(b) - conditionsOf(a) : a.path > b.path ? -1 : 1;
}

function conditionsOf({ when = [] }: DraftRoute): number {
  return Math.max(0, ...when.map((conditions) => conditions.length));
}

/** @param regex paths of the host are regular expressions. */
function finish(draft: DraftRoute, regex: boolean): Route {
  const { path, pathType, when, filters, synthesized, origin, age } = draft;
  return { path, pathType, ...(when ? { when } : {}), backend: backendOf(draft, regex), filters, synthesized, origin, ...(age ? { age } : {}) };
}

/** What becomes of a route's requests while its pool has no endpoint. Redirects are answered before an endpoint is looked for. */
function whenEmpty({ filters }: DraftRoute, what: string): Pick<PoolReference, "effect" | "severity"> {
  if (filters.redirect) return { effect: `none: requests to ${what} are redirected`, severity: "info" };
  return { effect: flatText("requests to ", what, filters.edge?.errors?.backend === undefined ? " get 503" : " go to its default-backend") };
}

function referencesOf(host: string, route: DraftRoute): readonly PoolReference[] {
  const { backend, canaries, filters, object, origin } = route;
  const what = describe(host, route.path, route.pathType);
  const references: PoolReference[] = canaries.map((canary) => ({
    pool: canary.wish.pool,
    object: canary.object,
    field: oneOfAll(`${canary.wish.backendField}.service`),
    effect: `requests to ${what} never take this canary`,
  }));
  if (!object) return references;
  for (const one of filters.pools ?? []) references.push({ ...one, object });
  if (backend.kind === "service") references.push({ pool: backend.pool, object, field: oneOfAll(`${origin.field}.service`), ...whenEmpty(route, what) });
  return references;
}
