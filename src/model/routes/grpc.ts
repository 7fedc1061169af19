/** Which hosts gRPC clients cannot talk to, where HTTP/2 is offered over TLS alone. */
import { CATCH_ALL } from "../../../edge/src/program.ts";
import type { Ingress } from "../../source/objects.ts";
import { grpcNeedsTls } from "../findings/catalogue.ts";
import type { Finding } from "../findings/findings.ts";
import type { Model } from "../model.ts";
import { primaryOf } from "../shapes/routing.ts";
import type { Host, Origin, Protocol } from "../shapes/routing.ts";

export function isGrpc(protocol: Protocol): boolean {
  return protocol === "GRPC" || protocol === "GRPCS";
}

/**
 * One finding for each host without a certificate and each Ingress that wants gRPC there.
 *
 * @param prefix of annotations, without the slash
 * @param ingressOf looks an Ingress up by namespace and name
 */
export function grpcFindings({ hosts, tls }: Model, prefix: string, ingressOf: (namespace: string, name: string) => Ingress | undefined): Finding[] {
  const findings: Finding[] = [];
  for (const host of hosts.values()) {
    // What Gateways serve is no annotation's.
    if (host.site !== undefined || host.name === CATCH_ALL || tls.has(host.name) || tls.has(parentOf(host.name))) continue;
    for (const { namespace, name } of grpcOrigins(host)) {
      const object = ingressOf(namespace, name);
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
