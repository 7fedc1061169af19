/** Finds the Ingresses that name a host, served or not: people who ask often look for one that is refused, or of another class. */
import type { Origin } from "../model/shapes/routing.ts";
import type { Ingress } from "../source/objects.ts";

export type IngressIdentity = Pick<Origin, "kind" | "namespace" | "name">;

/** The Ingresses with a rule for this host (lower case), or for a wildcard that covers it; in the order of their names. */
export function ingressesNaming(host: string, ingresses: Iterable<Ingress>): readonly IngressIdentity[] {
  const dot = host.indexOf(".");
  const names = dot < 0 ? [host] : [host, `*${host.slice(dot)}`];
  const found = [...ingresses].filter(({ spec }) => spec.rules?.some((rule) => names.includes((rule.host ?? "").toLowerCase())));
  const subjects = found.map(({ metadata: { namespace, name } }) => ({ kind: "Ingress", namespace, name }));
  return subjects.sort((a, b) => `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`));
}
