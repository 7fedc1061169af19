/** Which hosts and listeners gRPC clients cannot talk to, where HTTP/2 is offered over TLS alone. */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { ObjectOfKind } from "../../source/objects.ts";
import { grpcNeedsTls, grpcRouteNeedsTls } from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import type { Model } from "../model.ts";
import { primaryOf } from "../shapes/routing.ts";
import type { Host, Origin, Protocol } from "../shapes/routing.ts";

export function isGrpc(protocol: Protocol): boolean {
  return protocol === "GRPC" || protocol === "GRPCS";
}

type Lookup = <K extends "Ingress" | "GRPCRoute">(kind: K, namespace: string, name: string) => ObjectOfKind[K] | undefined;

/**
 * One finding for each host without a certificate and each Ingress that wants gRPC there, and for each listener without TLS and each GRPCRoute there.
 *
 * @param prefix of annotations, without the slash
 */
export function grpcFindings(model: Model, prefix: string, lookup: Lookup): Finding[] {
  return [...ofIngresses(model, prefix, lookup), ...ofRoutes(model, lookup)];
}

function ofRoutes({ hosts, fronts }: Model, lookup: Lookup): Finding[] {
  const plain = new Set([...fronts.values()].flatMap(({ https, listeners }) => (https ? [] : Object.values(listeners))));
  const found = new Map<string, Finding>();
  for (const { site, routes } of hosts.values()) {
    if (site === undefined || !plain.has(site)) continue;
    for (const { origin: { kind, namespace, name } } of routes) {
      const object = kind === "GRPCRoute" ? lookup(kind, namespace, name) : undefined;
      if (object) found.set(`${site} ${namespace}/${name}`, grpcRouteNeedsTls({ object, field: "spec.parentRefs" }, { listener: site }));
    }
  }
  return [...found.values()];
}

function ofIngresses({ hosts, tls }: Model, prefix: string, lookup: Lookup): Finding[] {
  const findings: Finding[] = [];
  for (const host of hosts.values()) {
    // What Gateways serve is no annotation's.
    if (host.site !== undefined || host.name === CATCH_ALL || tls.has(host.name) || tls.has(parentOf(host.name))) continue;
    for (const { namespace, name } of grpcOrigins(host)) {
      const object = lookup("Ingress", namespace, name);
      if (object) findings.push(grpcNeedsTls({ object, field: `metadata.annotations[${prefix}/backend-protocol]` }, { host: host.name }));
    }
  }
  return findings;
}

function parentOf(name: string): string {
  return `*${name.slice(name.indexOf("."))}`;
}

/** The Ingresses that want gRPC, each once. */
function grpcOrigins({ routes }: Host): Iterable<Origin> {
  const origins = new Map<string, Origin>();
  for (const { backend, origin } of routes) {
    const { kind, proxy } = primaryOf(backend);
    if (kind === "service" && isGrpc(proxy.protocol)) origins.set(`${origin.namespace}/${origin.name}`, origin);
  }
  return origins.values();
}
