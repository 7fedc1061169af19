/**
 * Canaries: alternative backends of routes that another object declares.
 *
 * ingress-nginx behaviour, with its defects mended: a canary belongs to its host, path and path type and never leaks
 * to other routes of the same Service; several canaries of one route all take part; a canary that finds no route does no
 * harm. Guarantee: the weights of one route's canaries never add up to more than the whole.
 */
import { inSession, withGroups, withSides } from "../backends/balance.ts";
import type { CanaryClaim, CanaryWish, DraftCanary, DraftRoute } from "../claims/claim.ts";
import * as found from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import type { Backend, Canary, ServiceBackend, Split } from "../shapes/routing.ts";
import { tellDropped } from "./expressions.ts";
import type { Dropped, Take } from "./expressions.ts";
import { describe } from "./paths.ts";
import type { RouteKey } from "./paths.ts";

/** Adds the canaries to the routes that they join. @param claims oldest first. */
export function attachCanaries(host: string, { routes, keyOf, sizes }: Joined, claims: readonly CanaryClaim[], findings: Finding[]): void {
  const dropped: Dropped[] = [];
  for (const { object, wishes, characters } of claims) {
    for (const wish of wishes) {
      const { path, pathType, field } = wish;
      const route = routes.get(keyOf(path, pathType));
      // A closed route has its finding already, on the object that declares it.
      if (route?.backend.kind === "status") continue;
      if (route?.backend.kind !== "service" || route.path !== path) {
        findings.push(found.canaryWithoutMain({ object, field }, { what: describe(host, path, pathType) }));
      } else if (sizes(object.metadata.namespace, object.metadata.name, characters)) {
        route.canaries.push({ wish, object, granted: wish.weight });
      } else dropped.push({ place: { object, field }, report: found.hostTooLarge });
    }
  }
  tellDropped(host, dropped, findings);
  for (const route of routes.values()) if (route.canaries.length > 0) shareWeights(host, route, findings);
}

/** The routes of a host that canaries may join. */
interface Joined {
  readonly routes: ReadonlyMap<string, DraftRoute>;
  readonly keyOf: RouteKey;
  /** Takes room for the annotations of canaries, which travel with the routes. */
  readonly sizes: Take;
}

/** Cuts the shares of younger canaries that exceed the whole. Then orders the canaries, the most specific rule first. */
function shareWeights(host: string, route: DraftRoute, findings: Finding[]): void {
  let taken = 0;
  route.canaries = route.canaries.map((draft) => {
    const { weight, weightTotal, backendField: field, rollout } = draft.wish;
    // Shares of different totals are not exact in binary; a billionth is far below one request.
    const left = Math.max(0, Math.floor((1 - taken) * weightTotal + 1e-9 * weightTotal));
    const granted = Math.min(weight, left);
    taken += granted / weightTotal;
    if (granted === weight) return draft;
    const what = describe(host, route.path, route.pathType);
    // The parts of a rollout are hundredths of a per cent, which nobody wrote.
    const text = (part: number): number | string => (rollout ? `${part / 100} %` : part);
    findings.push(found.canaryWeightsExceedTotal({ object: draft.object, field }, { what, weight: text(weight), left: text(granted) }));
    return { ...draft, granted };
  });
  route.canaries.sort((a, b) => rank(a.wish) - rank(b.wish));
}

function rank({ header, headerValue, headerPattern, cookie }: CanaryWish): number {
  if (headerValue !== undefined) return 0;
  if (headerPattern !== undefined) return 1;
  return header !== undefined || cookie !== undefined ? 2 : 3;
}

/** What the requests of a finished route go to. @param regex paths of the host are regular expressions. */
export function backendOf({ backend, canaries, path }: DraftRoute, regex: boolean): Backend | Split {
  if (backend.kind !== "service") return backend;
  const grouped = (one: ServiceBackend): ServiceBackend => (regex ? withGroups(one, path) : one);
  if (canaries.length === 0) return grouped(backend);
  const total = Math.max(...canaries.map(({ wish }) => wish.weightTotal));
  let left = total;
  const joined = canaries.map((draft): Canary => {
    const weight = Math.min(left, Math.round((draft.granted * total) / draft.wish.weightTotal));
    left -= weight;
    return { ...canaryOf(draft, weight, backend), backend: grouped(targetOf(draft.wish, backend)) };
  });
  return withSides({ kind: "split", primary: grouped(backend), total, canaries: joined });
}

function canaryOf({ wish, object }: DraftCanary, weight: number, { balance }: ServiceBackend): Omit<Canary, "backend"> {
  const { header, headerValue, headerPattern, cookie, rollout, backendField: field, joinsSessions } = wish;
  const { namespace, name } = object.metadata;
  return {
    weight,
    ...(header === undefined ? {} : { header }),
    ...(headerValue === undefined ? {} : { headerValue }),
    ...(headerPattern === undefined ? {} : { headerPattern }),
    ...(cookie === undefined ? {} : { cookie }),
    ...(rollout === undefined ? {} : { rollout }),
    ...(balance?.kind === "session" && !joinsSessions ? { unbound: true } : {}),
    origin: { kind: object.kind, namespace, name, field },
  };
}

/**
 * ingress-nginx behaviour: a canary is proxied to as its route's primary is. It joins the sessions of the route; a canary
 * that wants none, or whose route has none, chooses endpoints in its own way.
 */
function targetOf({ pool, service, port, joinsSessions, balance }: CanaryWish, primary: ServiceBackend): ServiceBackend {
  const ofRoute = primary.balance;
  const policy = joinsSessions && ofRoute?.kind === "session" ? inSession(ofRoute, pool) : balance;
  return { kind: "service", pool, service, port, proxy: primary.proxy, ...(policy ? { balance: policy } : {}) };
}
