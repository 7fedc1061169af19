/** Finds the Ingresses that name a host, served or not: people who ask often look for one that is refused, or of another class. */
import type { Origin } from "../model/shapes/routing.ts";
import type { Ingress } from "../source/objects.ts";
import type { HostRoute } from "../model/gateway/route.ts";
import { normalHost } from "../model/grammar/host-name.ts";
import { levelsOf } from "./entrance.ts";

export type ObjectIdentity = Pick<Origin, "kind" | "namespace" | "name">;

/** The Ingresses with a rule for this host (lower case), or for a wildcard that covers it; in the order of their names. */
export function ingressesNaming(host: string, ingresses: Iterable<Ingress>): readonly ObjectIdentity[] {
  const dot = host.indexOf(".");
  const names = dot < 0 ? [host] : [host, `*${host.slice(dot)}`];
  const found = [...ingresses].filter(({ spec }) => spec.rules?.some((rule) => names.includes((rule.host ?? "").toLowerCase())));
  const subjects = found.map(({ metadata: { namespace, name } }) => ({ kind: "Ingress", namespace, name }));
  return subjects.sort(byName);
}

/** The routes with this host name (lower case), or with a wildcard that stands for it; in the order of their names. */
export function routesNaming(host: string, routes: Iterable<HostRoute>): readonly ObjectIdentity[] {
  const levels = levelsOf(host);
  const found = [...routes].filter(({ spec }) => spec.hostnames?.some((one) => levels.includes(normalHost(one) ?? "")));
  return found.map(({ kind, metadata: { namespace, name } }) => ({ kind, namespace, name })).sort(byName);
}

function byName(a: ObjectIdentity, b: ObjectIdentity): number {
  return `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`);
}
