/**
 * Canaries: alternative backends of routes that another Ingress declares.
 *
 * ingress-nginx behaviour, with its defects mended: a canary belongs to its host, path and path type and never leaks
 * to other routes of the same Service; several canaries of one route all take part; one that finds no route does no
 * harm. Guarantee: the weights of one route's canaries never add up to more than the whole.
 */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { Balance } from "../../../edge/src/program.ts";
import { affinity } from "../annotations/features/affinity-values.ts";
import { balance } from "../annotations/features/balance.ts";
import { canary } from "../annotations/features/canary.ts";
import { canaryBalance } from "../backends/balance.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import { rulesFor } from "../ingress/parsed.ts";
import type { ParsedIngress, ServiceRef } from "../ingress/parsed.ts";
import { poolId } from "../shapes/pool-id.ts";
import type { Canary, PathType } from "../shapes/routing.ts";
import type { DraftRoute, RouteKey } from "./draft.ts";
import { tellDropped } from "./expressions.ts";
import type { Dropped, Take } from "./expressions.ts";
import { describe } from "./paths.ts";

/** Adds the canaries (oldest first) to the routes that they join. */
export function attachCanaries(host: string, { routes, keyOf, sizes }: Joined, canaries: readonly ParsedIngress[], findings: Finding[]): void {
  const dropped: Dropped[] = [];
  for (const parsed of canaries) {
    const { ingress, extent: { characters } } = parsed;
    for (const wish of wishesOf(host, parsed)) {
      const { path, pathType, backend, field } = wish;
      const route = routes.get(keyOf(path, pathType));
      // A route that is refused says so itself, on the Ingress that declares it.
      if (route?.backend.kind === "status") continue;
      if (route?.backend.kind !== "service" || route.path !== path) {
        findings.push(found.canaryWithoutMain({ object: ingress, field }, { what: describe(host, path, pathType) }));
      } else if (sizes(ingress.metadata.namespace, ingress.metadata.name, characters)) {
        route.canaries.push({ canary: canaryOf(parsed, backend, route.balance), ingress, field: backend.field });
      } else dropped.push({ place: { object: ingress, field }, report: found.hostTooLarge });
    }
  }
  tellDropped(host, dropped, findings);
  for (const route of routes.values()) if (route.canaries.length > 0) shareWeights(host, route, findings);
}

/** The routes of a host that canaries may join. */
interface Joined {
  readonly routes: ReadonlyMap<string, DraftRoute>;
  readonly keyOf: RouteKey;
  /** Their annotations travel with the routes. */
  readonly sizes: Take;
}

interface Wish {
  readonly path: string;
  readonly pathType: PathType;
  readonly backend: ServiceRef;
  readonly field: string;
}

/** What a canary wants to join at this host. Its default backend stands for the `/` of the catch-all. */
function wishesOf(host: string, parsed: ParsedIngress): readonly Wish[] {
  const { defaultBackend } = parsed;
  const paths = rulesFor(parsed, host).flatMap((rule) => rule.paths);
  const wishes: Wish[] = paths.map((path) => ({ ...path, field: `${path.field}.path` }));
  if (host === CATCH_ALL && defaultBackend) {
    wishes.push({ path: "/", pathType: "prefix", backend: defaultBackend, field: defaultBackend.field });
  }
  return wishes;
}

function canaryOf(parsed: ParsedIngress, { service, port, field }: ServiceRef, ofRoute: Balance | undefined): Canary {
  const { namespace, name } = parsed.ingress.metadata;
  const { enabled: _, ...rules } = canary.of(parsed.values);
  const pool = poolId(namespace, service, port, balance.of(parsed.values).serviceUpstream);
  const policy = canaryBalance(parsed.values, pool, ofRoute);
  const unbound = ofRoute?.kind === "session" && affinity.of(parsed.values).canaryBehavior === "legacy";
  return { pool, service, port, ...rules, ...(policy ? { balance: policy } : {}), ...(unbound ? { unbound } : {}), origin: { kind: "Ingress", namespace, name, field } };
}

/** Older canaries keep their share; what exceeds the whole is cut. Then orders them, the most specific rule first. */
function shareWeights(host: string, route: DraftRoute, findings: Finding[]): void {
  let taken = 0;
  route.canaries = route.canaries.map((draft) => {
    const { weight, weightTotal } = draft.canary;
    // Shares of different totals are not exact in binary; a billionth is far below one request.
    const left = Math.max(0, Math.floor((1 - taken) * weightTotal + 1e-9 * weightTotal));
    const granted = Math.min(weight, left);
    taken += granted / weightTotal;
    if (granted === weight) return draft;
    const what = describe(host, route.path, route.pathType);
    const field = draft.field;
    findings.push(found.canaryWeightsExceedTotal({ object: draft.ingress, field }, { what, weight, left: granted }));
    return { ...draft, canary: { ...draft.canary, weight: granted } };
  });
  route.canaries.sort((a, b) => rank(a.canary) - rank(b.canary));
}

function rank({ header, headerValue, headerPattern, cookie }: Canary): number {
  if (headerValue !== undefined) return 0;
  if (headerPattern !== undefined) return 1;
  return header !== undefined || cookie !== undefined ? 2 : 3;
}
