/** The hosts of Gateways' listeners, and what Ingresses have of them. */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { Ingress } from "../../source/objects.ts";
import { keyOf } from "../../source/snapshot.ts";
import { errorPages, errors } from "../annotations/features/error-pages.ts";
import { proxy } from "../annotations/features/proxy.ts";
import * as found from "../findings/catalogue.ts";
import type { GatewayListener } from "../gateway/listeners.ts";
import type { ParsedRoute } from "../gateway/route.ts";
import { buildSiteHost } from "../gateway/site-host.ts";
import { current } from "../memory/part.ts";
import type { BuiltHost } from "../routes/hosts.ts";
import { byGatewayAge } from "../shapes/age.ts";
import { hostKey, listenerOfHost, nameOfHost, type HostKey } from "../shapes/host-key.ts";
import { ownerOfListener } from "../shapes/listener-key.ts";
import { objectKey } from "../shapes/lookup.ts";
import type { Host } from "../shapes/routing.ts";
import type { ModelState, Work } from "./state.ts";

/** A host of a Gateway's listener, from the routes that attach to it. */
export function siteHostFrom(state: ModelState, work: Work, key: HostKey): BuiltHost {
  const { gateway } = state;
  const listener = gateway.listeners.get(listenerOfHost(key));
  const name = nameOfHost(key);
  const routes = [...gateway.routeHosts.to(key)].flatMap((one) => gateway.routes.get(one) ?? []).filter(({ hostnames }) => hostnames.includes(name)).sort(byAgeAndKind);
  const built = listener && buildSiteHost(key, listener, routes, { proxy: proxy.of(work.defaults), pages: errorPages(errors.of(work.defaults)) });
  const taken = listener && ingressWith(state, listener, name);
  const lost = taken ? routes.map(({ object }) => found.hostOfIngress({ object, field: "spec.hostnames", other: taken }, { host: name, ingress: keyOf(taken.metadata.namespace, taken.metadata.name) })) : [];
  return { host: built?.host, references: built?.references ?? [], aliases: [], findings: [...(built?.findings ?? []), ...lost] };
}

/** Of two routes of one age and name, those of an HTTPRoute come first. */
function byAgeAndKind(a: ParsedRoute, b: ParsedRoute): number {
  return byGatewayAge(a.age, b.age) || (a.object.kind === b.object.kind ? 0 : a.object.kind === "HTTPRoute" ? -1 : 1);
}

/** The Ingress that keeps a name where the listener shares addresses and port with Ingresses. */
function ingressWith({ gateway, hosts, settings, ingresses }: ModelState, { key, port }: GatewayListener, name: string): Ingress | undefined {
  const { kind, namespace, name: of } = ownerOfListener(key);
  if (name === CATCH_ALL || (port !== settings.httpPort && port !== settings.httpsPort) || gateway.parents.get(objectKey(kind, namespace, of))?.address !== undefined) return undefined;
  for (const one of namesOver(name)) {
    const owner = ingressOwning(current(hosts, one));
    if (owner !== undefined) return ingresses.get(owner)?.ingress;
  }
  return undefined;
}

/** `namespace/name` of the Ingress that a host's first declared route is of. */
export function ingressOwning(host: Host | undefined): string | undefined {
  const origin = host?.routes.find((route) => route.origin.kind === "Ingress")?.origin;
  return origin && keyOf(origin.namespace, origin.name);
}

/** Names of Ingresses that take a name: itself, and the wildcard of its parent. */
function namesOver(name: string): readonly string[] {
  return name.startsWith("*.") ? [name] : [name, `*${name.slice(name.indexOf("."))}`];
}

/** The hosts of Gateways' listeners whose names a host of Ingresses takes, where it comes or goes. */
export function siteHostsBeside({ gateway }: ModelState, name: HostKey): readonly HostKey[] {
  const shared = [...gateway.parents.values()].filter((one) => one.address === undefined).flatMap((one) => one.listeners);
  const below = name.startsWith("*.") ? [...gateway.routes.values()].flatMap(({ hostnames }) => hostnames.filter((one) => namesOver(one).includes(name))) : [];
  return shared.flatMap(({ key }) => [name, ...below].map((one) => hostKey(one, key))).filter((key) => gateway.routeHosts.to(key).size > 0);
}
